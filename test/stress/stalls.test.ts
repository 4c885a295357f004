// A process stands still, since its event loop is blocked or it was stopped: as a holder it keeps everybody out for as long as that
// lasts, as a waiter it comes late, but comes. What else becomes of those who are stopped in line is in test/process/fifo.test.ts.
import { writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import type { Child } from "../support/child.ts";
import { beginToWait, clockedHolder, startClocked } from "../support/clocked.ts";
import { KINDS, lockOf, type Kind } from "../support/kinds.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { noteFigure, scaled } from "./scale.ts";
import { spread } from "./spread.ts";

const STALL_MS = scaled(800, 2000);
const TIMEOUT_S = 0.4;
const ROUNDS = scaled(1, 5);
/** In a line, how long the lock has to lie there before a waiter that does not take it is passed: a second, less one look. */
const PATIENCE_MS = 900;

interface Stall {
  readonly child: Child;
  /** The file that unblocks it. */
  readonly until: string;
}

const STALLS = {
  "blocks its event loop": {
    begin: async ({ child }: Stall) => {
      child.tell("block");
      await child.says("blocking");
    },
    end: ({ until }: Stall) => {
      writeFileSync(until, "");
    },
  },
  "is stopped": {
    begin: async ({ child }: Stall) => {
      child.signal("SIGSTOP");
      await Promise.resolve();
    },
    end: ({ child }: Stall) => {
      child.signal("SIGCONT");
    },
  },
};

const figures: Record<string, number[]> = {};

function measured(what: string, milliseconds: number): void {
  (figures[what] ??= []).push(milliseconds);
}

afterAll(() => {
  for (const [what, all] of Object.entries(figures)) {
    noteFigure({ chapter: "stalls", what, figure: spread(all) });
  }
});

describe.each(Object.entries(STALLS))("A process that %s", (_, { begin, end }) => {
  rounds("while it holds keeps everybody out, and who waits times out when it should", (kind) =>
    beside(kind, async (lockFile) => {
      const until = `${lockFile}.until`;
      const ours = lockOf(kind, lockFile);
      const [holder, patient, impatient] = await Promise.all([
        clockedHolder(kind, lockFile, { until }),
        startClocked(kind, lockFile),
        startClocked(kind, lockFile, { timeout: TIMEOUT_S }),
      ]);
      await begin({ child: holder, until });
      await beginToWait(kind, lockFile, patient);
      const began = performance.now();
      impatient.tell("go");
      await impatient.says("refused");
      const lateMs = performance.now() - began - TIMEOUT_S * 1000;
      expect(lateMs).toBeGreaterThanOrEqual(0);
      measured("while the holder stands still: a timeout comes late by", lateMs);
      expect(await ours.tryAcquire()).toBeUndefined();
      expect(await ours.holder()).toMatchObject([{ pid: holder.pid }]);

      await pause(STALL_MS - (performance.now() - began));
      expect(await ours.tryAcquire()).toBeUndefined();
      expect(patient.unheard).not.toContain("held");
      end({ child: holder, until });
      await letGo(holder);
      await patient.says("held");
      await letGo(patient);
    }),
  );

  const order = "and comes in when it goes on";
  rounds(`while it waits keeps nobody waiting but those behind it in line, ${order}`, (kind) =>
    beside(kind, async (lockFile) => {
      const until = `${lockFile}.until`;
      const hold = await lockOf(kind, lockFile).acquire();
      const [head, second] = await Promise.all([
        startClocked(kind, lockFile, { until }),
        startClocked(kind, lockFile),
      ]);
      await beginToWait(kind, lockFile, head);
      await beginToWait(kind, lockFile, second);
      await begin({ child: head, until });
      const released = performance.now();
      await hold.release();
      await second.says("held");
      const passedMs = performance.now() - released;
      const isFifo = kind.options.order === "fifo";
      if (isFifo) expect(passedMs).toBeGreaterThanOrEqual(PATIENCE_MS);
      measured(
        `from the release until somebody else than the waiter that stands still has it: ${kind.name}`,
        passedMs,
      );

      await pause(STALL_MS - passedMs);
      expect(head.unheard).not.toContain("held");
      await letGo(second);
      end({ child: head, until });
      await head.says("held");
      await letGo(head);
    }),
  );
});

// The last attempt comes when the event loop turns: whatever is true by then is what the caller is told.
rounds(
  "A waiter that is blocked beyond its timeout is told so, and has the lock where that is free by then",
  (kind) =>
    beside(kind, async (lockFile) => {
      const hold = await lockOf(kind, lockFile).acquire();
      const [unlucky, lucky] = await Promise.all(
        ["unlucky", "lucky"].map(async (name) => {
          const until = `${lockFile}.${name}`;
          return { child: await startClocked(kind, lockFile, { until, timeout: TIMEOUT_S }), until };
        }),
      );
      const began = performance.now();
      for (const { child } of [unlucky!, lucky!]) {
        child.tell("go");
        await STALLS["blocks its event loop"].begin({ child, until: "" }); // at once, or its time is over
      }
      const blocked = performance.now();
      await pause(STALL_MS);
      const stalledMs = performance.now() - blocked;
      writeFileSync(unlucky!.until, "");
      const { message } = await unlucky!.child.says("refused");
      const toldMs = Number(/Waited ([\d.]+) s/.exec(message!)![1]) * 1000;
      expect(toldMs).toBeGreaterThanOrEqual(stalledMs - 1); // it is rounded
      expect(toldMs).toBeLessThanOrEqual(performance.now() - began + 1);

      await hold.release();
      writeFileSync(lucky!.until, "");
      await lucky!.child.says("held");
      await letGo(lucky!.child);
    }),
);

/** Defines a test of all kinds of locks beside each other: they wait more than they work. */
function rounds(title: string, body: (kind: Kind) => Promise<void>): void {
  for (let round = 1; round <= ROUNDS; round++) {
    test(`${title} (${String(round)})`, async () => {
      await Promise.all(KINDS.map(body));
    });
  }
}

/** Says of which kind it is that something is wrong with. */
async function beside(kind: Kind, body: (lockFile: string) => Promise<void>): Promise<void> {
  try {
    await body(temporaryLockFile());
  } catch (error) {
    throw new Error(`${kind.name}: ${(error as Error).message}`, { cause: error });
  }
}

async function letGo(child: Child): Promise<void> {
  child.tell("release");
  expect(await child.ends()).toEqual({ code: 0, signal: null });
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}
