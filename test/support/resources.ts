// What this process has open: file descriptors by what they point at, and what keeps the event loop busy.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

// Kept before a test can replace it with a fake timer.
const later = globalThis.setTimeout;

const FD_DIRECTORY = process.platform === "linux" ? "/proc/self/fd" : "/dev/fd";
const STUCK_AFTER_MS = 10_000;

/** libuv opens one inotify descriptor with the first watcher and keeps it; the watches themselves are counted apart. */
const KEPT_BY_LIBUV = "anon_inode:inotify";

/** Each name with the number of times that it occurs, for example `{ "/tmp/a/work.lock": 1 }`. */
export type Counts = Record<string, number>;

export interface Resources {
  /** Open file descriptors, by the target of their link in `/proc/self/fd`. */
  readonly fds: Counts;
  /** Timers, watchers, sockets and requests that keep the process alive, by type. */
  readonly active: Counts;
  /** How many files are watched. */
  readonly watches: number;
}

/** Counts what is open in this process at this moment. */
export function resources(): Resources {
  return {
    fds: count(readdirSync(FD_DIRECTORY).flatMap(target)),
    active: count(process.getActiveResourcesInfo()),
    watches: watches(),
  };
}

/** How many files this process watches, also where that does not keep it alive. Linux only: elsewhere none is seen. */
export function watches(): number {
  return inotifyDescriptors().flatMap(
    (fd) => readFileSync(`/proc/self/fdinfo/${String(fd)}`, "utf8").match(/^inotify /gm) ?? [],
  ).length;
}

export function inotifyDescriptors(): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync(FD_DIRECTORY)
    .map(Number)
    .filter((fd) => linkOf(fd) === KEPT_BY_LIBUV);
}

function linkOf(fd: number | string): string | undefined {
  try {
    return readlinkSync(`${FD_DIRECTORY}/${String(fd)}`);
  } catch {
    return undefined; // the descriptor of the listing itself, closed by now
  }
}

/** Waits until nothing is open beyond what `before` says, and throws an error that names the rest after ten seconds. */
export async function nothingLeft(before: Resources): Promise<void> {
  const end = performance.now() + STUCK_AFTER_MS;
  for (;;) {
    const now = resources();
    const left = [
      ...surplus(now.fds, before.fds),
      ...surplus(now.active, before.active),
      ...surplus({ watches: now.watches }, { watches: before.watches }),
    ];
    if (left.length === 0) return;
    if (performance.now() > end) throw new Error(`Left behind: ${left.join(", ")}`);
    await new Promise((resolve) => later(resolve, 1));
  }
}

function target(fd: string): string[] {
  if (process.platform !== "linux") return ["fd"];
  const name = linkOf(fd);
  return name === undefined || name === KEPT_BY_LIBUV ? [] : [name];
}

function count(names: string[]): Counts {
  const counts: Counts = {};
  for (const name of names.sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function surplus(now: Counts, before: Counts): string[] {
  return Object.entries(now)
    .filter(([name, times]) => times > (before[name] ?? 0))
    .map(([name, times]) => `${name} (${String(times)}, was ${String(before[name] ?? 0)})`);
}
