/**
 * The proof that the process which a marker names has died, and can never be at anything again. What is no proof:
 * another host, whose processes cannot be asked; a text that names nobody; a process that says nothing for long.
 */
import { hostname } from "node:os";
import { isAlive } from "./is-alive.ts";
import { parseMarker, startTokenOf, ticksOf, type Marker } from "./soft-marker.ts";

/** Whether the process that wrote `text` is dead for certain. */
export function isDead(text: string | undefined): boolean {
  const marker = parseMarker(text);
  return marker !== undefined && isHere(marker) && !lives(marker);
}

/** Whether it names a process of this host: for another one nothing can be said here. */
export function isHere(marker: Marker): boolean {
  return marker.hostname === hostname();
}

/** Whether that process may be alive, and not another one that has its pid by now. */
export function lives({ pid, startToken }: Marker): boolean {
  if (!isAlive(pid)) return false;
  const now = startToken === undefined ? undefined : startTokenOf(pid);
  // Another one has the pid by now. One that cannot be looked at is no proof.
  return now === undefined || now === startToken || ticksOf(now) === startToken;
}
