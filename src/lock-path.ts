/** The path of a lock file as a caller gives it: what is accepted, and what is said of the rest. */
import { posix, win32, type PlatformPath } from "node:path";
import { fileURLToPath } from "node:url";
import { quote } from "./options.ts";

const native = process.platform === "win32" ? win32 : posix;

/** @throws TypeError that quotes what came, where it cannot be the path of such a thing. */
export function checkedPath(
  path: string | URL,
  of: "lock file" | "directory" | "lock file or directory" = "lock file",
): string {
  const text: unknown = path instanceof URL && path.protocol === "file:" ? fileURLToPath(path) : path;
  if (typeof text !== "string") {
    throw new TypeError(`Expected the path of a ${of} to be a string or a file: URL, got ${quote(text)}`);
  }
  if (text === "") throw new TypeError(`Expected the path of a ${of}, got an empty string`);
  if (text.includes("\0")) {
    throw new TypeError(`Expected the path of a ${of} to be free of NUL characters, got ${quote(text)}`);
  }
  if (of === "lock file" && endsWithSeparator(text)) {
    throw new TypeError(
      `Expected the path of a lock file, got that of a directory, ${quote(text)}. FileLock.inDirectory() guards one`,
    );
  }
  return text;
}

/** Windows takes a slash for one, too; elsewhere a backslash is a sign like any other. */
export function endsWithSeparator(path: string, { sep }: PlatformPath = native): boolean {
  return path.endsWith("/") || path.endsWith(sep);
}

/**
 * Not resolved any further: where a directory is a symbolic link, only the kernel knows what `..` means. Windows takes it away before it
 * looks for any link, as resolve() does; and knows paths that begin in the middle (`C:work.lock`, `\work.lock`).
 */
export function absolute(path: string, system: PlatformPath = native): string {
  if (system.sep === "\\") return system.resolve(path);
  return system.isAbsolute(path) ? path : `${process.cwd()}/${path}`;
}
