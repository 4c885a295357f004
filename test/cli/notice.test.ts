// What is said on stderr while somebody waits: one plain line, and on a terminal one that is rewritten and then erased.
import { constants, existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FileLock } from "../../src/index.ts";
import { HOLDFAST, holdfast, holdfastInTerminal, start } from "../support/command-line.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { needsTool, succeeds } from "../support/needs.ts";

const inTerminal = needsTool("script(1)", succeeds("script", "--version"));

test("elsewhere than on a terminal, one line says who is in the way", async () => {
  const path = temporaryLockFile();
  const hold = await new FileLock(path).acquire();
  const program = holdfast(["run", path, "--", "true"]);
  await program.says("waiting for");
  await hold.release();
  await program.ends();
  const who = `pid ${String(process.pid)} \\(.+\\)`;
  expect(program.stderr).toMatch(new RegExp(`^holdfast: waiting for ${path}, held by ${who}\n$`));
});

// A neighbour that writes more than fits into a pipe that is non-blocking loses it.
needsTool("/proc", existsSync("/proc/self/fdinfo"))(
  "what it says does not fail others that write to the same pipe",
  async () => {
    const path = temporaryLockFile();
    await using hold = await new FileLock(path).acquire();
    const script = `{ sh -c 'echo "pid $$ ." >&2; exec "$@"' sh "$@"; } 2>&1 | cat`;
    const program = start(["sh", "-c", script, "sh", ...HOLDFAST, "run", hold.lockFile, "--", "true"]);
    const [, pid] = await program.says(/pid (\d+) \./);
    await program.says("waiting for");
    const [, flags] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/${pid!}/fdinfo/2`, "utf8"))!;
    expect(parseInt(flags!, 8) & constants.O_NONBLOCK).toBe(0);
    await hold.release();
    await program.ends();
  },
);

test("nothing is said where nobody has to wait", async () => {
  const program = holdfast(["run", temporaryLockFile(), "--", "true"]);
  await program.ends();
  expect(program.stderr).toBe("");
});

inTerminal(
  "on a terminal, one line is rewritten about every second, and erased before the command runs",
  async () => {
    const path = temporaryLockFile();
    const hold = await new FileLock(path).acquire();
    const program = holdfastInTerminal(["run", path, "--", "echo", "ran"]);
    await program.says("waiting 0 s");
    await program.says("waiting 1 s");
    await hold.release();
    expect(await program.ends()).toEqual({ code: 0, signal: null });
    const parts = program.stdout.split("\r\x1b[K");
    expect(parts[0]).toBe("");
    expect(parts.at(-1)).toBe("ran\r\n");
    for (const line of parts.slice(1, -1)) {
      expect(line).toMatch(/^holdfast: waiting \d+ s for /);
      expect(line.length).toBeLessThan(80);
    }
  },
);
