// The parts that processes play in a contest for one lock file, and how each is started. Knows neither when they are killed nor what
// they note: test/fixtures/contestant.mjs and test/fixtures/light-peer.c do.
import { execFileSync, fork, spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { fixture } from "./driver-child.ts";
import { PYTHON } from "./peer.ts";

/** Where the contest takes place. */
export interface Place {
  readonly directory: string;
  readonly lockFile: string;
}

/** One life of a role. */
export interface Life {
  /** A number that no other has: those of processes come again. */
  readonly number: string;
  readonly seed: number;
}

export interface Role {
  start(place: Place, life: Life): ChildProcess;
  /** Whether it is one of ours. */
  readonly isHoldfast: boolean;
  /** Whether it ends by itself after each hold. */
  readonly endsItself: boolean;
  /** Whether another takes its place when it has ended. True by default. */
  readonly startsAgain?: boolean;
  /** How many holds it has before it may be killed: fewer for what starts soon. Infinity: it is spared. */
  readonly holdsFirst: number;
}

export interface ContestantOptions {
  /** Of its locks, and `tasks`, `ways`, `soft`, `longestHoldMs` and `longestPauseMs`: see the fixture. */
  readonly options?: object;
  readonly holdsFirst?: number;
  /** Another build of the package, with the tests beside it. */
  readonly project?: string;
}

/** A process that uses Holdfast. */
export function contestant({ options = {}, holdsFirst = 20, project }: ContestantOptions = {}): Role {
  const path =
    project === undefined ? fixture("contestant.mjs") : join(project, "test", "fixtures", "contestant.mjs");
  return {
    isHoldfast: true,
    endsItself: false,
    holdsFirst,
    start: ({ directory, lockFile }, life) =>
      fork(path, [JSON.stringify({ ...options, ...life, lockFile, directory })], {
        execArgv: [],
        stdio: ["ignore", "ignore", "pipe", "ipc"],
      }),
  };
}

export interface LightPeerOptions {
  readonly how: "block" | "poll" | "remove" | "keep";
  readonly longestHoldUs?: number;
  readonly longestPauseUs?: number;
}

/** Compiles the light peer into `directory`; returns the path of the program. */
export function compileLightPeer(directory: string): string {
  const program = join(directory, "light-peer");
  execFileSync("cc", ["-O2", "-Wall", "-Werror", "-o", program, fixture("light-peer.c")]);
  return program;
}

/** A small program that knows flock(2) alone. */
export function lightPeer(
  program: string,
  { how, longestHoldUs = 1000, longestPauseUs = 4000 }: LightPeerOptions,
): Role {
  return foreign(({ lockFile, directory }, { number, seed }) => [
    program,
    ...[lockFile, directory, number, seed, how, longestHoldUs, longestPauseUs].map(String),
  ]);
}

/** flock(1), which becomes the light peer once it has the lock. */
export function flockPeer(program: string): Role {
  const role = foreign(({ lockFile, directory }, { number, seed }) => [
    ...["flock", "--no-fork", lockFile, program],
    ...[lockFile, directory, number, seed, "inside", 1000, 0].map(String),
  ]);
  return { ...role, endsItself: true };
}

const PY_FILELOCK = `
import ctypes, os, random, sys, time
from filelock import FileLock, Timeout
ctypes.CDLL(None).prctl(1, 9)  # whoever started it has to be there
lock_file, directory, number, seed = sys.argv[1:]
random.seed(int(seed))
journal = os.open(directory + "/journal", os.O_WRONLY | os.O_APPEND)
counter = os.open(directory + "/counter", os.O_RDWR)
lock = FileLock(lock_file)
def note(what, more=""):
    os.write(journal, f"{what} {number} {time.monotonic_ns()}{more}\\n".encode())
while True:
    try:
        with lock.acquire(timeout=random.choice([-1, 0.01]), poll_interval=0.002), lock:
            count = int(os.pread(counter, 16, 0))
            note("enter", f" {count}")
            time.sleep(random.random() / 1000)
            os.pwrite(counter, b"%016d" % (count + 1), 0)
            note("leave")
    except Timeout:
        pass
    time.sleep(random.random() / 200)
`;

/** Debian's py-filelock. */
export function pyFilelockPeer(): Role {
  return {
    ...foreign(({ lockFile, directory }, { number, seed }) => [
      ...[PYTHON, "-c", PY_FILELOCK, lockFile, directory, number, String(seed)],
    ]),
    holdsFirst: 5,
  };
}

function foreign(command: (place: Place, life: Life) => string[]): Role {
  return {
    isHoldfast: false,
    endsItself: false,
    holdsFirst: 0,
    start: (place, life) => {
      const [file, ...args] = command(place, life);
      return spawn(file!, args, { stdio: ["ignore", "ignore", "pipe"] });
    },
  };
}
