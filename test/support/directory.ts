// A directory of a test's own, with nobody else in it.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A new directory, by its real path; it goes with all that is in it when the running test has ended. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "holdfast-"));
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** The path of a lock file that does not exist yet, in a directory of its own. */
export function temporaryLockFile(): string {
  return join(temporaryDirectory(), "work.lock");
}
