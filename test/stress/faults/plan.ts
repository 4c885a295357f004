// Which calls can be made to fail: those that a scenario makes of its own, found by a run of it without a fault.
import type { Scenario } from "./scenarios.ts";
import type { Bench } from "./trial.ts";
import { isOurs, type Call, type Fault } from "./tracer.ts";

/** The calls that the package makes. Not inotify_rm_watch: what strace keeps from the kernel stays there, and nobody ever looks. */
export const CALLS = [
  ..."openat flock statx close unlink utimensat inotify_init1 inotify_add_watch".split(" "),
  ..."fchmod mkdir rmdir readlink link getdents64 write pread64 pwrite64 ftruncate".split(" "),
];

export const ERRNOS = "EINTR EAGAIN ENOLCK EMFILE ENFILE ENOSPC EIO EACCES EROFS ENOSYS".split(" ");

/** How often a run is made anew for one that is as it has to be. */
export const MOST_TRIES = 10;

/** The calls of a run without a fault. */
type Run = readonly Call[];

export interface Point {
  readonly scenario: Scenario;
  readonly call: string;
  readonly nth: number;
}

export interface Planned extends Point, Fault {}

/** Each call that the scenario makes, as it comes; those of which nobody knows how many there are, only as far as all runs had them. */
export async function pointsOf(scenario: Scenario, bench: Bench): Promise<Point[]> {
  const runs = await (scenario.polls === true ? someRuns(scenario, bench) : twoAlike(scenario, bench));
  return CALLS.flatMap((call) => {
    const each = runs.map((calls) => calls.filter(({ name }) => name === call));
    // Where nobody knows how many there are, the same number may be one of Node's the next time.
    if (scenario.polls === true && !each.flat().every(isOurs)) return [];
    const most = Math.min(...each.map((calls) => calls.length));
    return Array.from({ length: most }, (_, index) => index)
      .filter((index) => each.every((calls) => isOurs(calls[index]!)))
      .map((index) => ({ scenario, call, nth: index + 1 }));
  });
}

async function someRuns(scenario: Scenario, bench: Bench): Promise<Run[]> {
  return [await healthy(scenario, bench), await healthy(scenario, bench), await healthy(scenario, bench)];
}

/** Two of them one after the other: where Node has made a call of its own in one, the numbers of those after it are others. */
async function twoAlike(scenario: Scenario, bench: Bench): Promise<Run[]> {
  let last = await healthy(scenario, bench);
  for (let tries = 1; tries < MOST_TRIES; tries++) {
    const next = await healthy(scenario, bench);
    if (shapeOf(last) === shapeOf(next)) return [last, next];
    last = next;
  }
  throw new Error(`'${scenario.name}' never makes the same calls twice`);
}

async function healthy(scenario: Scenario, bench: Bench): Promise<Run> {
  const { calls, wrong, refused } = await bench.run(scenario, CALLS);
  const unwell = [...wrong, ...(refused === undefined ? [] : [refused.message])];
  if (unwell.length > 0) throw new Error(`'${scenario.name}' without a fault: ${unwell.join("; ")}`);
  return calls;
}

function shapeOf(calls: Run): string {
  return calls.map((call) => `${call.name} ${String(isOurs(call))}`).join();
}

/** Each point with each error number. */
export function everyFault(points: readonly Point[]): Planned[] {
  return points.flatMap((point) => ERRNOS.map((errno) => ({ ...point, errno })));
}

/** Each call once, at one of its places and with one of the error numbers: another of both for each `seed`. */
export function sampleOf(points: readonly Point[], seed: number): Planned[] {
  return CALLS.flatMap((call, index) => {
    const places = points.filter((point) => point.call === call);
    const place = places[(index + seed) % places.length];
    return place === undefined ? [] : [{ ...place, errno: ERRNOS[(index + seed) % ERRNOS.length]! }];
  });
}
