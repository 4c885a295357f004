/** What everything is compared with: the system calls of the protocol, called bare, and the calls of a plain flock. */
import { closeSync, constants, fstatSync, futimesSync, lstatSync, openSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";

const { flockSync } = createRequire(import.meta.url)("fs-ext") as {
  flockSync: (fd: number, operation: number) => void;
};

const LOCK_EX_NB = 2 | 4;
const LOCK_UN = 8;
const { O_CREAT, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const FLAGS = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

/** Locks and unlocks with every call that docs/design.md asks for, in its order. */
export function bareProtocol(lockFile: string): void {
  realpathSync.native(dirname(lockFile));
  const fd = openSync(lockFile, FLAGS, 0o666);
  const { dev, ino } = fstatSync(fd, { bigint: true });
  flockSync(fd, LOCK_EX_NB);
  const named = lstatSync(lockFile, { bigint: true });
  if (named.dev !== dev || named.ino !== ino) throw new Error(`Somebody replaced ${lockFile}`);
  flockSync(fd, LOCK_UN);
  const now = Date.now() / 1000;
  futimesSync(fd, now, now); // the hint for those who wait
  closeSync(fd);
}

/** Locks and unlocks as the shortest program would. */
export function bareFlock(lockFile: string): void {
  const fd = openSync(lockFile, FLAGS, 0o666);
  flockSync(fd, LOCK_EX_NB);
  flockSync(fd, LOCK_UN);
  closeSync(fd);
}

/** Locks for good: until the process ends. */
export function holdForGood(lockFile: string): void {
  flockSync(openSync(lockFile, FLAGS, 0o666), LOCK_EX_NB);
}
