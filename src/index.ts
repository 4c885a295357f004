/** Everything that the package offers. */
export { detached } from "./context.ts";
export { doctor } from "./doctor.ts";
export type { BackEndState, Diagnosis } from "./doctor.ts";
export { CannotAcquireLock, Deadlock, LockLost, LockUnsupported, Timeout } from "./errors.ts";
export type { Holder } from "./errors.ts";
export { FileLock } from "./file-lock.ts";
export type { Hold, SyncHold } from "./hold.ts";
export { inspect } from "./inspect.ts";
export type { Inspection, Waiter } from "./inspect.ts";
export type { Lock } from "./lock.ts";
export type { LockEvent } from "./observe.ts";
export type {
  AcquireOptions,
  LockOptions,
  ReleaseOptions,
  SyncAcquireOptions,
  WaitEvent,
} from "./options.ts";
export { ProcessLock } from "./process-lock.ts";
export type { ProcessLockOptions } from "./process-lock.ts";
export { SoftFileLock } from "./soft-lock.ts";
export type { DecorateMethod, Wrap, Wrapped } from "./wrap.ts";
