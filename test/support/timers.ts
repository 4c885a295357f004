// The timers that the code under test has pending, those included that keep no process alive: Node tells only of the
// others. What a test starts itself it starts through node:timers, and is not counted.
import { onTestFinished } from "vitest";

/** Counts from now on to the end of the running test; gives what tells how many timers are pending. */
export function countTimers(): () => number {
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const pending = new Set<unknown>();
  const forget =
    <Timer>(clear: (timer: Timer) => void) =>
    (timer: Timer): void => {
      pending.delete(timer);
      clear(timer);
    };
  const counted = {
    setTimeout: (call: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const timer = setTimeout(() => {
        pending.delete(timer);
        call(...args);
      }, ms);
      pending.add(timer);
      return timer;
    },
    setInterval: (call: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const timer = setInterval(call, ms, ...args);
      pending.add(timer);
      return timer;
    },
    clearTimeout: forget(clearTimeout),
    clearInterval: forget(clearInterval),
  };
  Object.assign(globalThis, counted);
  onTestFinished(() => {
    Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
  });
  return () => pending.size;
}
