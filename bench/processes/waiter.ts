/** A process that waits, and tells what that cost: waiter.ts lock|poll|timer <seconds> <lock file>. */
import { FileLock, Timeout } from "holdfast";
import { setTimeout as pause } from "node:timers/promises";
import { pollFor } from "../baseline.ts";

const [, , kind, seconds, lockFile] = process.argv as [string, string, string, string, string];
const WARM_UP = 0.5;

const lock = new FileLock(lockFile);
const waits: Record<string, (seconds: number) => Promise<void>> = {
  lock: waitForLock,
  poll: (timeout) => pollFor(lockFile, timeout),
  timer: (timeout) => pause(timeout * 1000),
};
const wait = waits[kind]!;

await wait(WARM_UP); // loads and compiles what a wait needs
const before = process.cpuUsage();
await wait(Number(seconds));
const { user, system } = process.cpuUsage(before);
process.send!((user + system) / 1e6);
process.disconnect();

async function waitForLock(timeout: number): Promise<void> {
  const error: unknown = await lock.acquire({ timeout }).catch((reason: unknown) => reason);
  if (!(error instanceof Timeout)) throw new Error("Nobody else holds the lock file", { cause: error });
}
