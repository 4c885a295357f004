/** Everything that the package offers. */
export { detached } from "./context.ts";
export { Deadlock, LockLost, LockUnsupported, Timeout } from "./errors.ts";
export type { Holder } from "./errors.ts";
export { FileLock } from "./file-lock.ts";
export type { Hold } from "./hold.ts";
export type { LockEvent } from "./observe.ts";
export type { AcquireOptions, LockOptions, ReleaseOptions, WaitEvent } from "./options.ts";
export { SoftFileLock } from "./soft-lock.ts";
export type { Wrap, Wrapped } from "./wrap.ts";
