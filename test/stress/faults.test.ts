// A system call of an acquisition or a release fails, whichever it is and whatever it says: the caller gets the lock or an
// error that can be understood, nothing is left, nobody holds, and the next acquisitions succeed, here and elsewhere.
import { afterAll, beforeAll, describe, expect } from "vitest";
import { needsRight, needsTool, succeeds } from "../support/needs.ts";
import { nothingLeft, resources, type Resources } from "../support/resources.ts";
import { CALLS, ERRNOS, MOST_TRIES, everyFault, pointsOf, sampleOf, type Planned } from "./faults/plan.ts";
import { SCENARIOS } from "./faults/scenarios.ts";
import { Astray, Bench, type Outcome } from "./faults/trial.ts";
import { wrongs } from "./faults/verdict.ts";
import { isLong, noteFigure, scaled } from "./scale.ts";

const ATTACHES = "sleep 10 & timeout -s INT 0.2 strace -qq -p $! -e trace=none; test $? = 124 && kill $!";
const straceTest = succeeds("strace", "-V")
  ? needsRight("strace that may attach to a process", succeeds("sh", "-c", ATTACHES))
  : needsTool("strace", false);

/** Where a call comes only if the clock has it so, so many of those faults may never come. */
const MOST_MISSED = 0.05;

const benches = [new Bench(), new Bench()];
const tally = new Map(CALLS.map((call) => [call, { fired: 0, succeeded: 0, failed: 0 }]));
const fired = new Set<string>();
let before: Resources;

beforeAll(() => {
  before = resources();
});
afterAll(async () => {
  for (const bench of benches) await bench.close();
  await nothingLeft(before);
});

describe("A system call fails:", () => {
  for (const [index, scenario] of SCENARIOS.entries()) {
    straceTest(
      scenario.name,
      async () => {
        const points = await pointsOf(scenario, benches[0]!);
        const queue = isLong ? everyFault(points) : sampleOf(points, index);
        expect(queue).not.toEqual([]);
        const mostMissed = scenario.polls === true ? MOST_MISSED * queue.length : 0;
        const bad: string[] = [];
        let missed = 0;
        const work = async (bench: Bench): Promise<void> => {
          for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
            const found = await judged(bench, next);
            if (found === "missed") missed++;
            else bad.push(...found);
          }
        };
        await Promise.all(benches.map(work));
        expect(bad).toEqual([]);
        expect(missed, "faults that never fired").toBeLessThanOrEqual(mostMissed);
      },
      scaled(60_000, 300_000),
    );
  }
});

// libuv has one for each event loop, and keeps it: so each time it is a new process.
straceTest("A system call fails: the first watch of a process", async () => {
  const scenario = SCENARIOS.find(({ name }) => name === "a wait that is won")!;
  for (const errno of scaled(["EMFILE", "ENFILE"], ERRNOS)) {
    const bench = new Bench();
    try {
      expect(await judged(bench, { scenario, call: "inotify_init1", errno, nth: 1 })).toEqual([]);
    } finally {
      await bench.close();
    }
  }
});

// V8 has its loop woken up when it likes to; where that write failed in the place of the package's, libuv ended the process.
straceTest(
  "A fault that hits a call of Node's own is told from others, and the next run is whole",
  async () => {
    const bench = benches[0]!;
    const scenario = SCENARIOS.find(({ name }) => name === "a wait that is won")!;
    const fault = { call: "write", errno: "EIO", nth: 1 }; // to the channel
    await expect(bench.run(scenario, ["write"], fault)).rejects.toThrow(Astray);
    const { refused, wrong } = await bench.run(scenario, ["write"]);
    expect({ refused, wrong }).toEqual({ refused: undefined, wrong: [] });
  },
);

straceTest("Each call has failed, and with each error number", async () => {
  for (const name of [...CALLS, ...ERRNOS]) expect(fired).toContain(name);
  const sum = { fired: 0, succeeded: 0, failed: 0 };
  for (const [call, counts] of tally) {
    noteFigure({ chapter: "faults", what: `${call}(2) fails`, figure: inWords(counts) });
    for (const key of ["fired", "succeeded", "failed"] as const) sum[key] += counts[key];
  }
  // More would have failed the tests above.
  const figure = `${inWords(sum)}; 0 hangs, 0 descriptors, watches or timers left`;
  noteFigure({ chapter: "faults", what: "all of them", figure });
});

function inWords({
  fired: times,
  succeeded,
  failed,
}: Record<"fired" | "succeeded" | "failed", number>): string {
  return `${String(times)} times: ${String(succeeded)} had the lock all the same, ${String(failed)} a clear error`;
}

/** What was wrong, in words that say which run it was; "missed" where the call never came that was to fail. */
async function judged(bench: Bench, fault: Planned): Promise<string[] | "missed"> {
  const { scenario, call, errno, nth } = fault;
  const which = `${scenario.name}, ${call} number ${String(nth)}, ${errno}: `;
  try {
    const outcome = await untilFired(bench, fault);
    count(fault, outcome);
    const { hit } = outcome;
    if (hit === undefined) return "missed";
    return wrongs(fault, outcome, hit).map((each) => `${which}${each} (after ${hit.line})`);
  } catch (error) {
    return [which + (error as Error).message];
  }
}

async function untilFired(bench: Bench, fault: Planned): Promise<Outcome> {
  for (let tries = 1; ; tries++) {
    try {
      const outcome = await bench.run(fault.scenario, [fault.call], fault);
      if (outcome.hit !== undefined || fault.scenario.polls !== true || tries === MOST_TRIES) return outcome;
    } catch (error) {
      if (!(error instanceof Astray) || tries === MOST_TRIES) throw error;
    }
  }
}

function count({ call, errno }: Planned, { hit, refused, notReleased }: Outcome): void {
  if (hit === undefined) return;
  const counts = tally.get(call)!;
  counts.fired++;
  if (refused === undefined && notReleased === undefined) counts.succeeded++;
  else counts.failed++;
  fired.add(call).add(errno);
}
