// What is heard of a file that is watched, when the watch is deaf from then on, and that nothing else comes of it.
import {
  chmodSync,
  closeSync,
  futimesSync,
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
import { descriptorsOf } from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
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
  test.each<[string, (path: string) => void]>([
    ["a touch", (path) => utimesSync(path, 1, 1)],
    ["a change of the mode", (path) => chmodSync(path, 0o600)],
    ["something written", (path) => writeFileSync(path, "other")],
    ["a move", (path) => renameSync(path, `${path}.old`)],
    ["a move into its place", (path) => replace(path)],
    ["a removal", (path) => unlinkSync(path)],
  ])("%s", async (_, change) => {
    const { path, heard, next, unwatch } = watched();
    const hint = next();
    change(path);
    expect(heard).toEqual([]); // never in the same turn
    await hint;
    expect(heard).not.toContain(true);
    unwatch();
  });

  test("what happens to a file after it was moved", async () => {
    const { path, next, unwatch } = watched();
    let hint = next();
    renameSync(path, `${path}.old`);
    await hint;
    hint = next();
    utimesSync(`${path}.old`, 1, 1);
    await hint;
    unwatch();
  });

  test("what happens to a file that is open after it was removed", async () => {
    const { path, next, unwatch } = watched();
    const fd = openSync(path, "r+");
    let hint = next();
    unlinkSync(path);
    await hint;
    hint = next();
    futimesSync(fd, 1, 1);
    await hint;
    closeSync(fd);
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

function replace(path: string): void {
  writeFileSync(`${path}.new`, "");
  renameSync(`${path}.new`, path);
}
