/**
 * Where the lock file of a program lies, and what it is called: the same for whoever asks with the same rights. Knows
 * nothing of what is in it.
 */
import { createHash } from "node:crypto";
import { accessSync, constants, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute } from "node:path";

const PREFIX = "js_exclusivelock_";
const SUFFIX = ".lock";
/** What most file systems allow in one name (NAME_MAX). */
const MOST_BYTES = 255;

/** For Windows it would be a directory of whichever drive one works on. */
const SHARED = process.platform === "win32" ? "" : "/var/lock";

/** The first of /var/lock, $XDG_RUNTIME_DIR and the directory for temporary files that this user may write to. */
export function processLockDirectory(): string {
  const { XDG_RUNTIME_DIR: runtime = "" } = process.env;
  return [SHARED, runtime].find((path) => isAbsolute(path) && isWritableDirectory(path)) ?? tmpdir();
}

/**
 * The name of the lock file of the program `name`. One that is too long for a file is cut, and told from others by its
 * SHA-256; the `=` between the two never occurs in a quoted name, so that no other name leads to the same file.
 */
export function processLockFileName(name: string): string {
  const quoted = quotePlus(name);
  const room = MOST_BYTES - PREFIX.length - SUFFIX.length;
  if (quoted.length <= room) return PREFIX + quoted + SUFFIX;
  const hash = `=${createHash("sha256").update(quoted).digest("hex")}`;
  return PREFIX + quoted.slice(0, room - hash.length).replace(/%.?$/, "") + hash + SUFFIX;
}

/** As `urllib.parse.quote_plus` of Python has it. Throws URIError of a lone surrogate, which has no UTF-8. */
export function quotePlus(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

function isWritableDirectory(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
