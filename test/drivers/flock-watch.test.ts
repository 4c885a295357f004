// What an attempt of the flock driver that was refused hears, where its file moves, and where nothing can be watched.
import { EventEmitter } from "node:events";
import { renameSync } from "node:fs";
import type * as FileSystem from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { temporaryLockFile } from "../support/directory.ts";
import { outputOf } from "../support/driver-child.ts";
import { granted, opened, replaceFile } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { everyTestNeedsLinux, needsTool, succeeds } from "../support/needs.ts";
import { soon } from "../support/promises.ts";
import { watches } from "../support/resources.ts";

everyTestNeedsLinux("inotify");

const faults = vi.hoisted(() => ({ watch: undefined as ((path: string) => EventEmitter) | undefined }));

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof FileSystem>();
  const watch = (path: string, options: object): unknown =>
    faults.watch === undefined ? fs.watch(path, options) : faults.watch(path);
  return { ...fs, watch };
});

everyTestLeavesNothing();
afterEach(() => {
  faults.watch = undefined;
});

describe("An attempt whose file", () => {
  // 1. A holds, B is refused and watches. 2. The file is moved away. 3. B tries: it still waits for what A holds. 4. A lets
  // go. Were the watch given up at 2, nothing would be heard of that.
  test("is moved away hears of the release of the one that it has open", async () => {
    const path = temporaryLockFile();
    const a = granted(path);
    const b = opened(path);
    expect(b.tryLock()).toBeNull();
    let heard = hint(b);
    renameSync(path, `${path}.old`);
    await heard;
    expect(b.tryLock()).toBeNull();
    heard = hint(b);
    a.release({ remove: false });
    await heard;
    b.tryLock()!.release({ remove: false });
  });

  // 1. A holds, B is refused and watches. 2. The file is moved away: the watch follows it and is of no use for newcomers.
  // 3. C makes a new file and holds it. 4. A lets go. 5. B wins what was moved away, does not believe it, and is refused.
  test("is moved away hears of the release of the new one", async () => {
    const path = temporaryLockFile();
    const a = granted(path);
    const b = opened(path);
    expect(b.tryLock()).toBeNull();
    let heard = hint(b);
    renameSync(path, `${path}.old`);
    await heard;
    const c = granted(path);
    a.release({ remove: false });
    expect(b.tryLock()).toBeNull();
    heard = hint(b);
    c.release({ remove: false });
    await heard;
    b.tryLock()!.release({ remove: false });
  });

  test("is replaced again and again has one watch at most, and none in the end", () => {
    const path = temporaryLockFile();
    const before = watches();
    const waiter = opened(path);
    waiter.watch(() => {});
    for (let times = 0; times < 10; times++) {
      const holder = granted(path);
      expect(waiter.tryLock()).toBeNull();
      expect(watches()).toBe(before + 1);
      replaceFile(path);
      holder.release({ remove: false });
    }
    waiter.close();
    expect(watches()).toBe(before);
  });

  test("is refused again and again is watched once", () => {
    const path = temporaryLockFile();
    const holder = granted(path);
    const asked = vi.fn(() => Object.assign(new EventEmitter(), { close: () => {} }));
    faults.watch = asked;
    const waiter = opened(path);
    waiter.watch(() => {});
    for (let refusals = 0; refusals < 5; refusals++) expect(waiter.tryLock()).toBeNull();
    expect(asked).toHaveBeenCalledTimes(1);
    waiter.close();
    holder.release({ remove: false });
  });

  test("cannot be watched is polled, and asks for a watch at each refusal", () => {
    const path = temporaryLockFile();
    const holder = granted(path);
    const asked = vi.fn(() => {
      throw Object.assign(new Error("EMFILE"), { code: "EMFILE" });
    });
    faults.watch = asked;
    const waiter = opened(path);
    expect(waiter.tryLock()).toBeNull();
    waiter.watch(() => {});
    expect(waiter.tryLock()).toBeNull();
    expect(asked).toHaveBeenCalledTimes(2);
    holder.release({ remove: false });
    waiter.tryLock()!.release({ remove: false });
  });

  // 1. B is refused. 2. A lets go. 3. B begins to watch: the hint is gone. 4. It has to try once more by itself.
  test("is freed between the refusal and the watch is won by the same try", () => {
    const path = temporaryLockFile();
    const a = granted(path);
    const b = opened(path);
    faults.watch = () => {
      throw new Error("not yet");
    };
    b.watch(() => {});
    let watcher: EventEmitter | undefined;
    faults.watch = () => {
      a.release({ remove: false });
      return (watcher = Object.assign(new EventEmitter(), { close: () => {} }));
    };
    const grant = b.tryLock();
    expect(watcher).toBeDefined();
    expect(grant).not.toBeNull();
    grant!.release({ remove: false });
  });
});

describe("Where the kernel gives no watch", () => {
  const straceTest = needsTool("strace", succeeds("strace", "-qq", "-e", "trace=none", "true"));
  const THROUGH = ["strace", "-qq", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e"];

  for (const [call, error] of [
    ["inotify_init1", "EMFILE"],
    ["inotify_add_watch", "ENOSPC"],
  ] as const) {
    straceTest(`(${call}: ${error}), a waiter goes by polling alone`, () => {
      const through = [...THROUGH, `trace=${call}`, "-e", `inject=${call}:error=${error}`];
      expect(outputOf("watch-lock.mjs", [temporaryLockFile()], { through })).toEqual({
        tries: ["held", "held", "won"],
        hinted: false,
        left: 0,
      });
    });
  }

  test("and else, a watch keeps no process alive", () => {
    expect(outputOf("watch-lock.mjs", [temporaryLockFile(), "leave"])).toEqual({ tries: ["held", "held"] });
  });
});

/** Resolves at the next hint that the attempt is given. */
function hint(attempt: { watch(onHint: () => void): void }): Promise<void> {
  return soon(new Promise((resolve) => attempt.watch(resolve)), "no hint is heard");
}
