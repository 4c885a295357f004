/** A process that locks and unlocks: cycle.ts bare|acquire|run <times> <lock file>. */
import { FileLock } from "holdfast";
import { bareProtocol } from "../baseline.ts";

const [, , kind, times, lockFile] = process.argv as [string, string, string, string, string];
const lock = new FileLock(lockFile);

for (let left = Number(times); left > 0; left--) {
  if (kind === "bare") bareProtocol(lockFile);
  else if (kind === "run") await lock.run(() => undefined);
  else {
    await lock.acquire();
    await lock.release();
  }
}
