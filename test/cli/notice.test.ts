// What is said on stderr while somebody waits: one plain line, and on a terminal one that is rewritten and then erased.
import { expect, test } from "vitest";
import { FileLock } from "../../src/index.ts";
import { holdfast, holdfastInTerminal } from "../support/command-line.ts";
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
