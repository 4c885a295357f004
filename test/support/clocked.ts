// Processes whose clock a test sets (libfaketime), or whose event loop it stops: each runs test/fixtures/clocked.mjs with a lock of one
// kind. Their monotonic clock stays as it is, as it does when somebody sets the clock of a machine.
import { execFileSync, fork } from "node:child_process";
import { existsSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import { Child } from "./child.ts";
import { temporaryDirectory } from "./directory.ts";
import { fixture } from "./driver-child.ts";
import type { Kind } from "./kinds.ts";

/** The library that shows a process another time; undefined where it is not installed. */
export const LIBFAKETIME = findLibrary();

function findLibrary(): string | undefined {
  try {
    const files = execFileSync("dpkg-query", ["--listfiles", "libfaketime"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    // The one for programs with more than one thread.
    return files.split("\n").find((file) => file.endsWith("/libfaketimeMT.so.1"));
  } catch {
    return undefined;
  }
}

/** A clock for processes: that of the machine, until it is set. */
export class Clock {
  readonly #file = join(temporaryDirectory(), "offset");

  constructor() {
    this.set("+0");
  }

  /** Has it differ by so much from that of the machine, such as "-2d". */
  set(offset: string): void {
    // In one step: whoever finds an empty file falls back on the time of the machine.
    writeFileSync(`${this.#file}.new`, offset);
    renameSync(`${this.#file}.new`, this.#file);
  }

  get env(): NodeJS.ProcessEnv {
    return {
      LD_PRELOAD: LIBFAKETIME,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }
}

export interface ClockedOptions {
  readonly clock?: Clock | undefined;
  /** Of its acquisition, in seconds. */
  readonly timeout?: number | undefined;
  /** The file that ends what the word "block" begins. */
  readonly until?: string;
}

/** Starts one; it has not begun to acquire when this resolves. */
export async function startClocked(
  { className, options }: Kind,
  lockFile: string,
  { clock, ...more }: ClockedOptions = {},
): Promise<Child> {
  const child = new Child(
    fork(fixture("clocked.mjs"), [className, lockFile, JSON.stringify({ ...options, ...more })], {
      execArgv: [], // not the options of the test runner
      env: { ...process.env, ...clock?.env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    }),
  );
  onTestFinished(async () => {
    await child.kill();
  });
  await child.says("ready");
  return child;
}

/** Starts one that holds. */
export async function clockedHolder(kind: Kind, lockFile: string, more?: ClockedOptions): Promise<Child> {
  const child = await startClocked(kind, lockFile, more);
  child.tell("go");
  await child.says("held");
  return child;
}

/** Has one that was started wait for whoever holds; with "fifo", it has its place when this resolves. */
export async function beginToWait(kind: Kind, lockFile: string, child: Child): Promise<void> {
  const before = inLine(lockFile);
  child.tell("go");
  await child.says("waiting");
  const isInItsPlace = (): void => expect(inLine(lockFile)).toBeGreaterThan(before);
  if (kind.options.order === "fifo") await vi.waitFor(isInItsPlace, { timeout: 10_000, interval: 1 });
}

function inLine(lockFile: string): number {
  const queue = `${lockFile}.queue`;
  return existsSync(queue) ? readdirSync(queue).filter((name) => name !== "gate").length : 0;
}
