// A process ends, in each way and whatever it holds and waits for: as soon as it would without a lock, with the code that it would have,
// without a word of ours, and the lock is free. How it ends without any lock, a process of its own shows.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { temporaryDirectory } from "../support/directory.ts";
import { fixture } from "../support/driver-child.ts";
import { KINDS, lockOf } from "../support/kinds.ts";
import { isLong, noteFigure, scaled } from "./scale.ts";
import { spread } from "./spread.ts";

const WAYS = ["exit", "SIGTERM", "SIGINT", "throw", "reject", "end"] as const;
type Way = (typeof WAYS)[number];

/** How it holds. "lasting" is `remove: true` of a FileLock, and forever() of a ProcessLock, whose file goes, too. */
type Form = "bare" | "run" | "lasting";

interface Situation {
  readonly form: Form | undefined;
  readonly waiters: number;
  /** Whose hold it is that they wait for. */
  readonly behind: "itself" | "another process";
}

const SITUATIONS: readonly Situation[] = [
  ...(["bare", "run", "lasting"] as const).flatMap((form) =>
    [0, 1, 5].map((waiters) => ({ form, waiters, behind: "itself" }) as const),
  ),
  ...([undefined, "bare"] as const).flatMap((form) =>
    [1, 5].map((waiters) => ({ form, waiters, behind: "another process" }) as const),
  ),
];

const PAIRS = WAYS.flatMap((way) => KINDS.map((kind) => ({ way, kind })));

/** The short form has each way with each kind, and another situation each time. */
const SCENES = PAIRS.flatMap((pair, index) =>
  (isLong ? SITUATIONS : [SITUATIONS[(index * 5) % SITUATIONS.length]!]).map((situation) => ({
    ...pair,
    ...situation,
  })),
);

/** Beyond what it takes without a lock. Where the machine has other things to do, only whoever hangs is to be found out. */
const MOST_MS = scaled(15_000, 1000);
const STUCK_AFTER_MS = 20_000;

const beyondMs: number[] = [];

afterAll(() => {
  if (beyondMs.length === 0) return;
  const what =
    "from the last act of a program to the end of its process, beyond what that takes without a lock";
  noteFigure({ chapter: "exits", what, figure: spread(beyondMs) });
});

for (const { way, kind, form, waiters, behind } of SCENES) {
  const holds = form === undefined ? "holds nothing" : `holds (${form})`;
  test(`${way}: ${kind.name}, ${holds}, ${String(waiters)} waiting for ${behind}`, async () => {
    const directory = temporaryDirectory();
    const [held, foreign] = [join(directory, "held"), join(directory, "foreign")];
    const ours = behind === "itself" ? undefined : await lockOf(kind, foreign).acquire();
    const before = readdirSync(directory);
    const { said, tookMs, ...end } = ended(way, {
      className: kind.className,
      options: { ...kind.options, ...(form === "lasting" && { remove: true }) },
      form: form === "lasting" ? (kind.className === "ProcessLock" ? "forever" : "run") : form,
      ...(form !== undefined && { held }),
      ...(waiters > 0 && { awaited: behind === "itself" ? held : foreign }),
      waiters,
    });
    const control = controlOf(way);
    expect(end).toEqual({ code: control.code, signal: control.signal, stderr: control.stderr });
    const told = behind === "itself" ? "Deadlock" : "AbortError";
    expect(said).toEqual(way === "end" ? Array<string>(waiters).fill(told) : []);
    expect(tookMs - control.tookMs).toBeLessThan(MOST_MS);
    beyondMs.push(tookMs - control.tookMs);

    const removes =
      kind.className === "SoftFileLock" || (kind.className === "ProcessLock" && form === "lasting");
    if (removes) expect(readdirSync(directory)).toEqual(before);
    await ours?.release();
    for (const path of [held, foreign]) {
      const lock = lockOf(kind, path);
      const next = await lock.tryAcquire();
      expect(next, `${basename(path)} is free`).toBeDefined();
      await next!.release();
      expect(existsSync(`${path}.queue`), "nobody is left in line").toBe(false);
    }
  });
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  /** What became of the waits, one word each. */
  readonly said: readonly string[];
  /** From its last act to its end. */
  readonly tookMs: number;
}

function ended(way: Way, act: object): End {
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [fixture("exits.mjs"), way, JSON.stringify(act)],
    { timeout: STUCK_AFTER_MS, killSignal: "SIGKILL", encoding: "utf8" },
  );
  const over = process.hrtime.bigint();
  const [at = "", ...said] = stdout.split("\n").filter((line) => line !== "");
  expect(at, stderr).toMatch(/^at \d+$/);
  const tookMs = Number(over - BigInt(at.slice(3))) / 1e6;
  return { code: status, signal, stderr, said, tookMs };
}

const controls = new Map<Way, End>();

/** How it ends without any lock. */
function controlOf(way: Way): End {
  const control = controls.get(way) ?? ended(way, {});
  controls.set(way, control);
  return control;
}
