/** Another process that holds a lock file. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Calls `fn` while another process holds `lockFile`. */
export async function whileHeldElsewhere<Result>(
  lockFile: string,
  fn: () => Promise<Result>,
): Promise<Result> {
  const holder = fork(fileURLToPath(new URL("processes/holder.ts", import.meta.url)), [lockFile]);
  const ended = once(holder, "exit");
  await Promise.race([
    once(holder, "message"),
    ended.then(() => {
      throw new Error("The process that was to hold the lock file ended");
    }),
  ]);
  try {
    return await fn();
  } finally {
    holder.disconnect();
    await ended;
  }
}
