// The oracle of `order: "fifo"`: whether those who stood in line had the lock before those who came later. Knows the journal alone.
import type { Entry } from "./journal.ts";

/** A wait that ended with a hold. */
export interface Service {
  readonly who: string;
  readonly ask: bigint;
  readonly enter: bigint;
}

/**
 * The pairs of which the first stood in line before the second had even asked, and came in after it. Only those are judged who did
 * come in: of one who gave up it is not known when it left the line.
 */
export function outOfTurn(all: readonly Entry[]): [Service, Service][] {
  const found: [Service, Service][] = [];
  const asked = new Map<string, bigint>();
  const lined = new Map<string, bigint>();
  const served: Service[] = [];
  for (const { what, who, time } of all) {
    if (what === "ask") {
      asked.set(who, time);
      lined.delete(who);
    }
    if (what === "line") lined.set(who, time);
    if (what !== "enter") continue;
    const service = { who, ask: asked.get(who)!, enter: time };
    const since = lined.get(who);
    for (let index = served.length - 1; since !== undefined && index >= 0; index--) {
      const earlier = served[index]!;
      if (earlier.enter < since) break;
      if (earlier.ask > since) found.push([service, earlier]);
    }
    served.push(service);
  }
  return found;
}
