// What this process has open: file descriptors by what they point at, and what keeps the event loop busy.
import { fstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

// Kept before a test can replace it with a fake timer.
const later = globalThis.setTimeout;

const FD_DIRECTORY = "/proc/self/fd";

/** More than a test ever has open: where they cannot be listed, each number is tried. */
const MOST_DESCRIPTORS = 256;
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
  const open = openDescriptors();
  return {
    fds: count(open.map(({ name }) => name).filter((name) => name !== KEPT_BY_LIBUV)),
    active: count(process.getActiveResourcesInfo()),
    watches: watchesOf(open),
  };
}

/** How many files this process watches, also where that does not keep it alive. Linux only: elsewhere none is seen. */
export function watches(): number {
  return watchesOf(openDescriptors());
}

/** The descriptors that libuv watches files with. Linux only. */
export function inotifyDescriptors(): number[] {
  return openDescriptors()
    .filter(({ name }) => name === KEPT_BY_LIBUV)
    .map(({ fd }) => fd);
}

function watchesOf(open: readonly Descriptor[]): number {
  const watching = open.filter(({ name }) => name === KEPT_BY_LIBUV);
  return watching.flatMap(
    ({ fd }) => readFileSync(`/proc/self/fdinfo/${String(fd)}`, "utf8").match(/^inotify /gm) ?? [],
  ).length;
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

interface Descriptor {
  readonly fd: number;
  /** What its link leads to. */
  readonly name: string;
}

/** The descriptors that this process has open. */
export function openDescriptors(): Descriptor[] {
  if (process.platform !== "linux") {
    return Array.from({ length: MOST_DESCRIPTORS }, (_, fd) => ({ fd, name: "fd" })).filter(({ fd }) =>
      isOpen(fd),
    );
  }
  return readdirSync(FD_DIRECTORY).flatMap((fd) => {
    try {
      return [{ fd: Number(fd), name: readlinkSync(`${FD_DIRECTORY}/${fd}`) }];
    } catch {
      return []; // the descriptor of the listing itself, closed by now
    }
  });
}

export function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
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
