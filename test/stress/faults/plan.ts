// Which calls can be made to fail: those that a scenario makes of its own, found by a run of it without a fault.
import type { Scenario } from "./scenarios.ts";
import type { Bench } from "./trial.ts";
import type { Call, Fault } from "./tracer.ts";

/** The calls that the package makes. Not inotify_rm_watch: what strace keeps from the kernel stays there, and nobody ever looks. */
export const CALLS = [
  ..."openat flock statx close unlink utimensat inotify_init1 inotify_add_watch".split(" "),
  ..."fchmod mkdir rmdir readlink link getdents64 write pread64 pwrite64 ftruncate".split(" "),
];

export const ERRNOS = "EINTR EAGAIN ENOLCK EMFILE ENFILE ENOSPC EIO EACCES EROFS ENOSYS".split(" ");

/** Node's own, by what the descriptor is: the channel to the test, wake-ups, and a read after which libuv ends the process. */
const NOT_OURS = /^\w+\(\d+<(socket|pipe|UNIX|anon_inode)/;

export interface Point {
  readonly scenario: Scenario;
  readonly call: string;
  readonly nth: number;
}

export interface Planned extends Point, Fault {}

/** Each call that the scenario makes, as it comes; those of which nobody knows how many there are, only as far as all runs had them. */
export async function pointsOf(scenario: Scenario, bench: Bench): Promise<Point[]> {
  const runs: (readonly Call[])[] = [];
  for (let run = 0; run < (scenario.polls === true ? 3 : 1); run++) {
    const { calls, wrong, refused } = await bench.run(scenario, CALLS);
    const unwell = [...wrong, ...(refused === undefined ? [] : [refused.message])];
    if (unwell.length > 0) throw new Error(`'${scenario.name}' without a fault: ${unwell.join("; ")}`);
    runs.push(calls);
  }
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

function isOurs({ name, line }: Call): boolean {
  return name.startsWith("inotify_") || !NOT_OURS.test(line);
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
