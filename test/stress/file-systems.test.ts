// What locks do on each file system that can be mounted here: who excludes whom, whether releases are heard of, and whether other ways to
// the same file (the layers of an overlay, what lies below bindfs) lead to the same lock.
//
// Mounts are those of a namespace, and go with its last process; all of its processes are of one group, which ends with the test.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Diagnosis } from "../../src/index.ts";
import { isRoot } from "../support/as-nobody.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { fixture } from "../support/driver-child.ts";
import { seesAllProcesses, succeeds } from "../support/needs.ts";
import { PYTHON } from "../support/peer.ts";
import { endGroup, groupEnded, startGroup } from "../support/process-group.ts";
import { soon } from "../support/promises.ts";
import { isLong, noteFigure } from "./scale.ts";

/** Many processes start one after the other. */
const LIMIT_MS = 60_000;

vi.setConfig({ testTimeout: LIMIT_MS + 20_000 });

/** Another way to the same files. */
interface Way {
  readonly directory: string;
  /** Whether a SoftFileLock excludes all the same. */
  readonly soft: boolean;
}

interface FileSystem {
  /** Shell commands that mount it in `here`, in an empty directory. */
  readonly mount: string;
  /** How the list of mounts calls it. */
  readonly type: string;
  /** Whether inspect() can tell that nobody holds a file there. */
  readonly tellsFree?: boolean;
  /** By what they are. */
  readonly ways?: Readonly<Record<string, Way>>;
  readonly isQuick?: boolean;
}

const onLoop = (size: string, type: string): string =>
  `truncate -s ${size} image; mkfs.${type} -q image; mkdir here; mount -o loop image here`;

const FILE_SYSTEMS: Readonly<Record<string, FileSystem>> = {
  tmpfs: { type: "tmpfs", mount: "mkdir here; mount -t tmpfs none here", isQuick: true },
  "ext4 on a loop device": { type: "ext4", mount: onLoop("32M", "ext4"), isQuick: true },
  "btrfs on a loop device": { type: "btrfs", mount: onLoop("128M", "btrfs") },
  "xfs on a loop device": { type: "xfs", mount: onLoop("320M", "xfs") },
  overlayfs: {
    type: "overlay",
    tellsFree: false,
    mount: `mkdir here layers; mount -t tmpfs none layers; mkdir layers/lower layers/upper layers/work
      touch layers/lower/FileLock.lock
      mount -t overlay -o lowerdir=layers/lower,upperdir=layers/upper,workdir=layers/work overlay here`,
    ways: {
      "its lower layer": { directory: "layers/lower", soft: false },
      "its upper layer": { directory: "layers/upper", soft: true },
    },
  },
  bindfs: {
    type: "fuse",
    tellsFree: false,
    // In the foreground, or it would not be of the group.
    mount:
      "mkdir below here; bindfs -f below here & for _ in $(seq 200); do mountpoint -q here && break; sleep 0.05; done; mountpoint here",
    ways: { "the directory below it": { directory: "below", soft: true } },
  },
};

/** What is printed by the fixture. */
interface Found {
  readonly excludes: Readonly<Record<string, boolean>>;
  readonly doctor: Diagnosis;
}

const ALL = { FileLock: true, "flock(1)": true, "py-filelock": true, SoftFileLock: true };
const WITH_FLOCK = { FileLock: false, "flock(1)": false, "py-filelock": false };

const hasPeers = succeeds("flock", "--version") && succeeds(PYTHON, "-c", "import filelock");
const title = (what: string): string => `${what} [needs root, the right to mount, and the tools for it]`;

/** The exit code of whoever could not mount anything. */
const NOT_MOUNTED = 77;

for (const [name, { mount, type, ways = {}, tellsFree = true, isQuick = false }] of Object.entries(
  FILE_SYSTEMS,
)) {
  if (!isLong && !isQuick) continue;

  test.skipIf(!isRoot || !hasPeers)(
    title(`${name}: who should be kept out is, and all that waiting needs is there`),
    async ({ skip }) => {
      const found = await foundIn(mount, ["here"]);
      if (found === undefined) return skip(`needs the tools and the right to mount ${name}`);
      const { excludes, doctor, ...works } = found;
      expect(excludes).toEqual(ALL);
      const states = ["held by true", tellsFree && seesAllProcesses ? "free" : "unknown"];
      expect(works).toEqual({ hints: true, fifo: true, remove: true, holder: true, states });
      expect(doctor).toMatchObject({ excludes: true, fileSystem: type });
      const figure = [
        "FileLock excludes FileLock, flock(1), py-filelock",
        "SoftFileLock excludes SoftFileLock",
        "hints arrive",
        "fifo and remove work",
        "holder() names another process",
        "doctor: locks exclude",
      ].join("; ");
      noteFigure({ chapter: "file-systems", what: name, figure });
    },
  );

  for (const [way, { directory, soft }] of Object.entries(ways)) {
    test.skipIf(!isRoot || !hasPeers)(
      title(`${name}: a lock there keeps out nobody who comes by ${way}`),
      async ({ skip }) => {
        const found = await foundIn(mount, ["here", directory]);
        if (found === undefined) return skip(`needs the tools and the right to mount ${name}`);
        const { excludes } = found;
        expect(excludes).toEqual({ ...WITH_FLOCK, SoftFileLock: soft });
        const does = soft ? "excludes" : "does not exclude";
        const figure = `FileLock does not exclude FileLock, flock(1), py-filelock; SoftFileLock ${does} SoftFileLock`;
        noteFigure({ chapter: "file-systems", what: `${name}, and by ${way}`, figure });
      },
    );
  }
}

/**
 * What the fixture finds in those directories, once that is mounted; undefined where it could not be. Nothing is mounted any more when
 * this resolves.
 */
async function foundIn(mount: string, directories: readonly string[]): Promise<Found | undefined> {
  const directory = temporaryDirectory();
  const script = `cd "$0"; sh -ec "$1" > log 2>&1 || exit ${String(NOT_MOUNTED)}; shift; exec "$@"`;
  const words = [process.execPath, fixture("file-system.mjs"), ...directories];
  const child = startGroup("unshare", ["--mount", "sh", "-c", script, directory, mount, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    endGroup(child);
  });
  const { code, output } = await soon(groupEnded(child), `${mount} in ${directory}`, LIMIT_MS);
  const isDetached = (): void => expect(loopsOf(join(directory, "image"))).toBe("");
  await vi.waitFor(isDetached, { timeout: 10_000 });
  if (code === NOT_MOUNTED) return undefined;
  expect(code, output).toBe(0);
  return JSON.parse(output) as Found;
}

function loopsOf(image: string): string {
  return spawnSync("losetup", ["--associated", image], { encoding: "utf8" }).stdout;
}
