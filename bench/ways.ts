/** The ways to take a lock that are compared across processes, and which of them this machine has. */
import { spawnSync } from "node:child_process";

/** Debian's: its packages are nobody else's. */
export const PYTHON = "/usr/bin/python3";

export type Host = "node" | "python";

export interface Way {
  readonly name: string;
  /** As processes/participant.mjs calls it. */
  readonly way: string;
  readonly host: Host;
}

export const ANY: Way = { name: "holdfast, any", way: "any", host: "node" };
export const FIFO: Way = { name: "holdfast, fifo", way: "fifo", host: "node" };
export const POLLED: Way = { name: "flock polled, 50 ms", way: "polled", host: "node" };
export const BLOCKING: Way = { name: "blocking flock, in a thread", way: "blocking", host: "node" };
export const PROPER: Way = { name: "proper-lockfile, 50 ms", way: "proper-lockfile", host: "node" };
export const PYTHONS: Way = { name: "py-filelock, 50 ms", way: "py-filelock", host: "python" };

/** Those of `ways` that can be measured here, and a sentence on the others. */
export function available(ways: readonly Way[]): { ways: readonly Way[]; note: string } {
  const left = ways.filter((way) => !isAvailable(way)).map(({ name }) => name);
  const note = left.length === 0 ? "" : ` Not to be had here, so left out: ${left.join("; ")}.`;
  return { ways: ways.filter(isAvailable), note };
}

function isAvailable(way: Way): boolean {
  return way !== PYTHONS || pythonsVersion() !== undefined;
}

/** The version of py-filelock, where it is. */
export function pythonsVersion(): string | undefined {
  const { status, stdout } = spawnSync(PYTHON, ["-c", "import filelock; print(filelock.__version__)"], {
    encoding: "utf8",
  });
  return status === 0 ? stdout.trim() : undefined;
}
