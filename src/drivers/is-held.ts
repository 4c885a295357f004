/**
 * Whether somebody has a file flocked: asked with a flock of a moment, which refuses whoever tries in that moment.
 * What cannot be looked at may well be held; what is not there is not.
 */
import { constants } from "node:fs";
import type { Flock } from "../native/flock.ts";
import { closeQuietly } from "./flock-grant.ts";
import { openItself } from "./open-itself.ts";

/**
 * @param ask "share" does not disturb others who ask; "lock" finds those who share it, too.
 * @param ifNot is called with the descriptor where nobody has it, while the flock of the question lasts.
 */
export function isHeld(
  path: string,
  call: Flock,
  ask: "lock" | "share",
  ifNot?: (fd: number) => void,
): boolean {
  let fd: number | undefined;
  try {
    fd = openItself(path, constants.O_RDONLY);
    if (!call(fd, ask)) return true;
    ifNot?.(fd);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  } finally {
    if (fd !== undefined) closeQuietly(fd);
  }
}
