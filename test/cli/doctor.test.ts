// holdfast doctor: what it prints and with which exit code, on file systems that are mounted for it and on a kernel that lies.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Diagnosis } from "../../src/index.ts";
import { isRoot } from "../support/as-nobody.ts";
import { HOLDFAST, ran, start, type Outcome } from "../support/command-line.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { needsRight, needsTool, succeeds } from "../support/needs.ts";

const EXCLUDES = "a lock there keeps out the other processes of this machine";

async function through(words: readonly string[]): Promise<Outcome> {
  const program = start(words);
  program.endInput();
  const { code } = await program.ends();
  return { code, stdout: program.stdout, stderr: program.stderr };
}

describe("holdfast doctor", () => {
  test("says that locks work in a directory, and through what, with exit code 0", async () => {
    const directory = temporaryDirectory();
    const { code, stdout, stderr } = await ran(["doctor", directory]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [verdict, heading, ...backEnds] = stdout.trimEnd().split("\n");
    expect(verdict).toMatch(new RegExp(`^${directory}(?: \\(.+\\))?: ${EXCLUDES}$`));
    expect(heading).toBe(
      `Node.js ${process.version} on ${process.platform} ${process.arch} reaches flock(2) through:`,
    );
    expect(backEnds).toEqual([
      "  fs-ext                 in use",
      expect.stringMatching(
        /^ {2}fs-ext-extra-prebuilt {2}(?:would load, and stands behind fs-ext|cannot be)/,
      ),
      expect.stringMatching(/^ {2}node:ffi {15}(?:would load, and stands behind fs-ext|cannot be)/),
    ]);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("means the working directory where none is named", async () => {
    const cwd = temporaryDirectory();
    const { stdout } = await ran(["doctor", "--json"], { cwd });
    const diagnosis = JSON.parse(stdout) as Diagnosis;
    expect(diagnosis).toMatchObject({ directory: cwd, excludes: true, thread: "main" });
    expect(diagnosis.backEnds.map(({ name }) => name)).toEqual([
      "fs-ext",
      "fs-ext-extra-prebuilt",
      "node:ffi",
    ]);
  });

  test("names no directory by control characters", async () => {
    const directory = join(temporaryDirectory(), "a\n\x1b[31mb");
    mkdirSync(directory);
    expect((await ran(["doctor", directory])).stdout).toMatch(/^\/.+\/a\?\[31mb/);
  });

  test("says what is wrong with what is no directory, with exit code 66", async () => {
    const path = join(temporaryDirectory(), "file");
    writeFileSync(path, "");
    expect(await ran(["doctor", path])).toEqual({
      code: 66,
      stdout: "",
      stderr: expect.stringMatching(/^holdfast: Cannot try locks in '.+': it is no directory\. .*\n$/),
    });
    expect(await ran(["doctor", `${path}s`])).toEqual({
      code: 66,
      stdout: "",
      stderr: expect.stringMatching(/there is no such directory\. To make it: mkdir -p .+\n$/),
    });
  });

  test("says what a lock would say where nothing reaches flock(2), with exit code 69", async () => {
    const env = { HOLDFAST_BACKEND: "none" };
    const [doctor, run] = [
      await ran(["doctor", temporaryDirectory()], { env }),
      await ran(["run", join(temporaryDirectory(), "work.lock"), "true"], { env }),
    ];
    expect(doctor).toEqual({ ...run, code: 69 });
    expect(doctor.stderr).toContain("Expected the environment variable HOLDFAST_BACKEND to be one of");
  });
});

// From its second flock(2) on, a process is told that it has whatever it asks for. The first one is on no file.
const strace = ["strace", "-qq", "-f", "-o", "/dev/null", "-e", "trace=flock", "-e"];
needsTool("strace", succeeds("strace", "-qq", "-e", "trace=none", "true"))(
  "Where flock(2) locks nothing, the exit code is 1",
  async () => {
    const directory = temporaryDirectory();
    const { code, stdout } = await through([
      ...strace,
      "inject=flock:retval=0:when=2+",
      ...HOLDFAST,
      "doctor",
      directory,
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /: DO NOT LOCK HERE\.\n {2}While one process had the lock \(fs-ext\), another got it too/,
    );
    expect(readdirSync(directory)).toEqual([]);
  },
);

const MOUNTS = `cd "$0" && mount -t tmpfs none . && cd "$0" && mkdir lower upper work merged sealed &&
  mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged && mount -t tmpfs -o ro none sealed`;
const canMount = isRoot && succeeds("unshare", "--mount", "sh", "-c", MOUNTS, "/mnt");
const mountTest = needsRight("the right to mount", canMount);

function mounted(place: string): Promise<Outcome> {
  const script = `${MOUNTS} && exec "$@"`;
  const directory = temporaryDirectory();
  return through([
    ...["unshare", "--mount", "sh", "-c", script, directory],
    ...[...HOLDFAST, "doctor", join(directory, place)],
  ]);
}

mountTest("Locks work on tmpfs and overlay", async () => {
  for (const [place, type] of [
    ["lower", "tmpfs"],
    ["merged", "overlay"],
  ] as const) {
    const { code, stdout } = await mounted(place);
    expect(code).toBe(0);
    expect(stdout).toContain(`/${place} (${type}): ${EXCLUDES}\n`);
  }
});

mountTest("A file system that is read-only has exit code 73", async () => {
  expect(await mounted("sealed")).toEqual({
    code: 73,
    stdout: "",
    stderr: expect.stringContaining("the file system is read-only. Try another directory"),
  });
});

// As Node.js 26 does when node:ffi is loaded.
test("That node:ffi is experimental is not said by the command line; what else Node.js warns of, is", async () => {
  const script = `process.on("newListener", (name) => name === "warning" && setImmediate(() => {
    process.emitWarning("FFI is an experimental feature and might change at any time", "ExperimentalWarning");
    process.emitWarning("Something else is experimental", "ExperimentalWarning");
    process.emitWarning("FFI is old", "DeprecationWarning");
  }))`;
  const words = ["--import", `data:text/javascript,${encodeURIComponent(script)}`];
  const [node = "", main = ""] = HOLDFAST;
  const { code, stderr } = await through([node, ...words, main, "status", temporaryDirectory()]);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: "holdfast: Something else is experimental\nholdfast: FFI is old\n",
  });
});
