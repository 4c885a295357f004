/**
 * What a bare `release()` may end: it comes without a Hold, so that it has to find out which hold its caller means.
 * Knows no lock file and no driver.
 */
import { innermost, latest } from "./context.ts";
import { where } from "./errors.ts";
import type { Owner, Party } from "./owner.ts";
import { warn } from "./warn.ts";

/** The bare holds that the calling task got through the object `party`, innermost first. */
export function ownBareHolds(party: Party, ownedBy: "task" | "object"): Owner[] {
  const own = ownedBy === "task" ? ownChain(party) : [...party.held].reverse();
  return own.filter(({ bare, admitting }) => bare && admitting);
}

/**
 * To be called where there was none. Silent where that is no surprise: nobody else holds through this object either, or
 * the caller has failed to acquire it, and comes from its `finally`.
 */
export function warnNothingReleased(party: Party, lockFile: string): void {
  if (latest()?.failed.includes(party) === true) return;
  const own = ownChain(party);
  const other = [...party.held].find(
    (owner) => owner.kind !== "object" && owner.admitting && !own.includes(owner),
  );
  if (other === undefined) return;
  warn(
    "HOLDFAST_NOTHING_RELEASED",
    `release() found nothing to release on '${lockFile}': the calling task has no bare hold through this object, but ` +
      `another task has one, acquired ${where(other.acquired)}. Keep the Hold that acquire() gives and release that, or use run().`,
  );
}

/** The holds through the object `party` that the running code was started under, innermost first. */
function ownChain(party: Party): Owner[] {
  const chain: Owner[] = [];
  for (let owner = innermost(); owner !== undefined; owner = owner.outer) {
    if (owner.party === party) chain.push(owner);
  }
  return chain;
}
