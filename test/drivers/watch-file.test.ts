// What is heard of a file that is watched, when the watch is deaf from then on, and that nothing else comes of it.
import {
  chmodSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import type * as FileSystem from "node:fs";
import { EventEmitter } from "node:events";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { watchFile } from "../../src/drivers/watch-file.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { outputOf } from "../support/driver-child.ts";
import { descriptorsOf, granted, opened, replaceFile } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { needsTool, succeeds } from "../support/needs.ts";
import { soon } from "../support/promises.ts";
import { watches } from "../support/resources.ts";

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

/** A file that is watched, and what is heard of it. */
function watched(path = newFile()) {
  const heard: boolean[] = [];
  let wake = (): void => {};
  const unwatch = watchFile(path, (deaf) => {
    heard.push(deaf);
    wake();
  });
  onTestFinished(() => unwatch?.());
  const next = (): Promise<void> => soon(new Promise((resolve) => (wake = resolve)), "nothing is heard");
  return { path, heard, next, unwatch: unwatch! };
}

function newFile(): string {
  const path = temporaryLockFile();
  writeFileSync(path, "precious");
  return path;
}

describe("Heard is", () => {
  test.each<[string, (path: string) => void, boolean]>([
    ["a touch", (path) => utimesSync(path, 1, 1), false],
    ["a change of the mode", (path) => chmodSync(path, 0o600), false],
    ["something written", (path) => writeFileSync(path, "other"), false],
    ["a move, and the watch is deaf", (path) => renameSync(path, `${path}.old`), true],
    ["a move into its place, and the watch is deaf", (path) => replace(path), true],
    ["a removal, and the watch is deaf", (path) => unlinkSync(path), true],
  ])("%s", async (_, change, deaf) => {
    const { path, heard, next, unwatch } = watched();
    const hint = next();
    change(path);
    expect(heard).toEqual([]); // never in the same turn
    await hint;
    while (deaf && !heard.includes(true)) await next();
    expect(heard.includes(true)).toBe(deaf);
    unwatch();
  });

  // The file goes with its last descriptor, and only then does the kernel say so.
  test("the removal of a file that is open, and what happens to it after that", async () => {
    const { path, heard, next, unwatch } = watched();
    const fd = openSync(path, "r+");
    let hint = next();
    unlinkSync(path);
    await hint;
    expect(heard).not.toContain(true);
    hint = next();
    closeSync(fd);
    await hint;
    expect(heard).toContain(true);
    unwatch();
  });
});

test("The file is only watched: neither opened nor written to", () => {
  const { path, unwatch } = watched();
  expect(descriptorsOf(path)).toEqual([]);
  unwatch();
  expect(readFileSync(path, "utf8")).toBe("precious");
});

test("A watch that has ended says nothing, not even of what had happened before; ending it twice is once", async () => {
  const path = newFile();
  const [ended, witness] = [watched(path), watched(path)];
  const hint = witness.next();
  utimesSync(path, 1, 1);
  ended.unwatch();
  ended.unwatch();
  await hint;
  witness.unwatch();
  expect(ended.heard).toEqual([]);
});

test("A watch that is ended by what it says is ended for good", async () => {
  const path = newFile();
  const before = watches();
  const heard: boolean[] = [];
  await soon(
    new Promise<void>((resolve) => {
      const unwatch = watchFile(path, (deaf) => {
        heard.push(deaf);
        unwatch?.();
        chmodSync(path, 0o600);
        resolve();
      });
      chmodSync(path, 0o640);
    }),
    "nothing is heard",
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect([heard, watches()]).toEqual([[false], before]);
});

describe("No watch can be had", () => {
  test("of a file that is not there, or whose directory is none", () => {
    const path = temporaryLockFile();
    expect(watchFile(path, () => {})).toBeUndefined();
    writeFileSync(path, "");
    expect(watchFile(`${path}/below`, () => {})).toBeUndefined();
  });

  test.each(["EMFILE", "ENOSPC", "ENOSYS", "EACCES"])("where the system says %s", (code) => {
    faults.watch = () => {
      throw Object.assign(new Error(code), { code });
    };
    expect(watchFile(newFile(), () => {})).toBeUndefined();
  });
});

test("A watch that fails later is deaf, and nothing is thrown", () => {
  const watcher = Object.assign(new EventEmitter(), { close: vi.fn() });
  faults.watch = () => watcher;
  const { heard, unwatch } = watched("anything");
  watcher.emit("error", Object.assign(new Error("EPERM"), { code: "EPERM" }));
  expect(heard).toEqual([true]);
  unwatch();
  expect(watcher.close).toHaveBeenCalled();
});

describe("An attempt whose file", () => {
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

function replace(path: string): void {
  writeFileSync(`${path}.new`, "");
  renameSync(`${path}.new`, path);
}
