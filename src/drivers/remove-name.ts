/**
 * Removes a file, so that its name is free when that is done, whoever has the file open. Knows the system on which unlink(2) does not
 * see to that; does not know what the file was for.
 */
import { randomBytes } from "node:crypto";
import { renameSync, unlinkSync } from "node:fs";

/**
 * Windows: libuv before 1.49 (Node 20), and any on FAT, leaves the name of a file that is open in place until the last one has closed it, and
 * whoever opens or creates that name meanwhile is refused (EPERM). Who waits for a lock has its file open.
 */
export const removeName = process.platform === "win32" ? removeByAnotherName : unlinkSync;

/** Throws the system error, and then it still has its name. The other name is one that soft-litter.ts clears away after a crash. */
export function removeByAnotherName(path: string): void {
  const other = `${path}.${String(process.pid)}.${randomBytes(12).toString("hex")}`;
  renameSync(path, other);
  try {
    unlinkSync(other);
  } catch {
    // it is litter, and in nobody's way
  }
}
