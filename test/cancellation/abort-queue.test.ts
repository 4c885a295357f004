// An abort at every await point of an acquisition that waits for other tasks of its own process, in the queue for the
// lock file or in the turnstile of a hold: the others get their turns, in their order, as if it had never been there.
import { AsyncResource } from "node:async_hooks";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { FileLock, type Hold } from "../../src/index.ts";
import { deferred } from "../support/promises.ts";
import { abortEverywhere } from "./points.ts";
import { expectFree, lockFiles, queue, type Queue } from "./stage.ts";

describe("another task holds the lock file", () => {
  test.each([
    { place: "only place", ahead: [], behind: [] },
    { place: "head", ahead: [], behind: ["d", "e", "f", "g"] },
    { place: "middle", ahead: ["a", "b"], behind: ["f", "g"] },
    { place: "end", ahead: ["a", "b", "c", "d"], behind: [] },
  ])("aborted at the $place of the queue", async ({ ahead, behind }) => {
    const next = lockFiles();
    const tally = await abortEverywhere(async () => {
      const lockFile = next();
      const holder = await new FileLock(lockFile).acquire();
      const before = queue(lockFile, ahead);
      let after: Queue | undefined;
      return {
        busy: ahead.length === 0 && behind.length > 0,
        acquire(signal) {
          const acquired = new FileLock(lockFile).acquire({ signal, timeout: 60 });
          after = queue(lockFile, behind);
          return acquired;
        },
        async end() {
          await holder.release();
          await Promise.all([before.over, after!.over]);
          expect([before.order, after!.order]).toEqual([ahead, behind]);
          await expectFree(new FileLock(lockFile));
        },
      };
    });
    expect(tally.held).toBe(0);
  });

  test.each([{ ahead: [] }, { ahead: ["a"] }, { ahead: ["a", "b", "c"] }])(
    "and hands it on, with $ahead.length before it",
    async ({ ahead }) => {
      // It is handed on while the turn of the process lasts, however slow the machine is.
      vi.useFakeTimers({ toFake: ["performance"] });
      onTestFinished(() => void vi.useRealTimers());
      const next = lockFiles();
      const tally = await abortEverywhere(async () => {
        const lockFile = next();
        const holder = await new FileLock(lockFile).acquire();
        const before = queue(lockFile, ahead);
        let after: Queue | undefined;
        return {
          busy: true,
          acquire(signal) {
            const acquired = new FileLock(lockFile).acquire({ signal, timeout: 60 });
            after = queue(lockFile, ["y", "z"]);
            return acquired;
          },
          trigger: () => void holder.release(),
          async end(hold) {
            if (hold !== undefined) expect(after!.order).toEqual([]);
            await hold?.release();
            await Promise.all([before.over, after!.over]);
            expect([before.order, after!.order]).toEqual([ahead, ["y", "z"]]);
            await expectFree(new FileLock(lockFile));
          },
        };
      });
      // The next one has it from release() on; with others before it, both must come about.
      if (ahead.length === 0) expect(tally.aborted).toBe(0);
      else expect(Math.min(tally.aborted, tally.held)).toBeGreaterThan(0);
    },
  );
});

/** A hold of run() with one child that holds, from which more can be started. */
interface Parent {
  readonly child: Hold;
  /** Calls `fn` as something that was started inside the hold. */
  inside<Result>(fn: () => Result): Result;
  /** Ends the hold, though what is nested in it may go on. */
  leave(): Promise<void>;
}

async function parent(lockFile: string): Promise<Parent> {
  const entered = deferred<Pick<Parent, "child" | "inside">>();
  const end = deferred();
  const running = new FileLock(lockFile).run(async () => {
    const inside: Parent["inside"] = AsyncResource.bind(<Result>(fn: () => Result) => fn());
    entered.resolve({ child: await new FileLock(lockFile).acquire(), inside });
    await end.promise;
  });
  const leave = (): Promise<void> => {
    end.resolve();
    return running;
  };
  return { ...(await entered.promise), leave };
}

describe("a sibling holds the only place in a hold", () => {
  test.each([
    { ahead: [], behind: [] },
    { ahead: [], behind: ["y", "z"] },
    { ahead: ["a", "b"], behind: ["y", "z"] },
  ])(
    "and stays, with $ahead.length waiting before it and $behind.length behind",
    async ({ ahead, behind }) => {
      const next = lockFiles();
      const tally = await abortEverywhere(async () => {
        const lockFile = next();
        const { child, inside, leave } = await parent(lockFile);
        const before = inside(() => queue(lockFile, ahead));
        let after: Queue | undefined;
        return {
          busy: ahead.length === 0 && behind.length > 0,
          acquire: (signal) =>
            inside(() => {
              const acquired = new FileLock(lockFile).acquire({ signal, timeout: 60 });
              after = queue(lockFile, behind);
              return acquired;
            }),
          async end() {
            await child.release();
            await Promise.all([before.over, after!.over]);
            expect([before.order, after!.order]).toEqual([ahead, behind]);
            await leave();
            await expectFree(new FileLock(lockFile));
          },
        };
      });
      expect(tally.held).toBe(0);
    },
  );

  test.each([{ ahead: [] }, { ahead: ["a"] }])(
    "and passes it on, with $ahead.length waiting before it",
    async ({ ahead }) => {
      const next = lockFiles();
      const tally = await abortEverywhere(async () => {
        const lockFile = next();
        const { child, inside, leave } = await parent(lockFile);
        const before = inside(() => queue(lockFile, ahead));
        let after: Queue | undefined;
        return {
          busy: true,
          acquire: (signal) =>
            inside(() => {
              const acquired = new FileLock(lockFile).acquire({ signal, timeout: 60 });
              after = queue(lockFile, ["z"]);
              return acquired;
            }),
          trigger: () => void child.release(),
          async end(hold) {
            if (hold !== undefined) expect(after!.order).toEqual([]);
            await hold?.release();
            await Promise.all([before.over, after!.over]);
            expect([before.order, after!.order]).toEqual([ahead, ["z"]]);
            await leave();
            await expectFree(new FileLock(lockFile));
          },
        };
      });
      if (ahead.length === 0) expect(tally.aborted).toBe(0);
      else expect(Math.min(tally.aborted, tally.held)).toBeGreaterThan(0);
    },
  );

  // The sibling goes on, and so the OS lock stays: who waited inside waits on as an owner of its own.
  test("while the hold that it waits in is released", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    onTestFinished(() => warned.mockRestore());
    const next = lockFiles();
    const tally = await abortEverywhere(async () => {
      const lockFile = next();
      const { child, inside, leave } = await parent(lockFile);
      let after: Queue | undefined;
      return {
        busy: true,
        acquire: (signal) =>
          inside(() => {
            const acquired = new FileLock(lockFile).acquire({ signal, timeout: 60 });
            after = queue(lockFile, ["z"]);
            return acquired;
          }),
        trigger: () => void leave(),
        async end() {
          await leave();
          expect(after!.order).toEqual([]);
          await child.release();
          await after!.over;
          await expectFree(new FileLock(lockFile));
        },
      };
    });
    expect(tally.held).toBe(0);
    expect(warned).toHaveBeenCalledTimes(tally.aborted);
    expect(warned.mock.calls[0]![0]).toContain("was released while one that is nested in it goes on");
  });
});
