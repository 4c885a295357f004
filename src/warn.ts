/**
 * Process warnings, in one shape: type `HoldfastWarning`, and a code that says which one.
 * A warning never changes what a lock does.
 */

export type WarningCode =
  | "HOLDFAST_LONG_WAIT"
  | "HOLDFAST_NOTHING_RELEASED"
  | "HOLDFAST_NO_QUEUE"
  | "HOLDFAST_NOT_REMOVED"
  | "HOLDFAST_OUTLIVED";

export function warn(code: WarningCode, message: string): void {
  process.emitWarning(message, { type: "HoldfastWarning", code });
}
