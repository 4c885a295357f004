// The command line itself: what is refused and how, what the help says, and that docs/cli.md says the same.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { HOLDFAST, holdfast, ran, start } from "../support/command-line.ts";
import { temporaryDirectory, temporaryLockFile } from "../support/directory.ts";

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

describe("misuse has exit code 64, and runs and creates nothing:", () => {
  const LOCK = "LOCK";
  test.each<[string[], RegExp]>([
    [["run"], /The lock file is missing/],
    [["run", LOCK], /The command is missing/],
    [["run", LOCK, "--"], /The command is missing/],
    [["run", "--", "echo", "ran"], /The lock file is missing/],
    [["run", "", "--", "echo", "ran"], /empty string/],
    [["run", "--name", "x"], /The command is missing/],
    [["run", "--name", "", "--", "echo"], /Expected `name` to be a string that is neither empty/],
    [["run", "--name", "x", "--dir", "echo"], /cannot be used with/],
    [["run", "--name", "x", "--shared", "echo"], /cannot be used with/],
    [["run", "--name", "x", "--fifo", "echo"], /cannot be used with/],
    [["run", LOCK, "--timeout", "5", "--", "echo"], /'--timeout' stands behind the lock file/],
    [["run", "--timeout", "ten", LOCK, "echo"], /'ten' is invalid. Expected a number of seconds/],
    [["run", "--timeout", "-1", LOCK, "echo"], /'-1' is invalid/],
    [["run", "--timeout", "1e3", LOCK, "echo"], /'1e3' is invalid/],
    [["run", "--timeout", "9".repeat(309), LOCK, "echo"], /is invalid/],
    [["run", "--timeout", "", LOCK, "echo"], /'' is invalid/],
    [["run", "--timeout", "5", "--nonblock", LOCK, "echo"], /cannot be used with/],
    [
      ["run", "--conflict-exit-code", "256", LOCK, "echo"],
      /'256' is invalid. Expected a number from 0 to 255/,
    ],
    [["run", "--conflict-exit-code", "1.5", LOCK, "echo"], /'1.5' is invalid/],
    [["run", "--tiemout", "5", LOCK, "echo"], /unknown option '--tiemout'\n\(Did you mean --timeout\?\)/],
    [["rnu", LOCK, "echo"], /unknown command 'rnu'\n\(Did you mean run\?\)/],
    [["wait"], /missing required argument/],
    [["wait", ""], /empty/],
    [["wait", LOCK, LOCK], /too many arguments/],
    [["status"], /missing required argument/],
    [["status", ""], /empty string/],
    [["doctor", ""], /empty/],
    [["doctor", LOCK, LOCK], /too many arguments/],
  ])("%j", async (args, expected) => {
    const path = temporaryLockFile();
    const { code, stdout, stderr } = await ran(args.map((word) => (word === LOCK ? path : word)));
    expect({ code, stdout: args[0] === "status" ? "" : stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toMatch(/^holdfast: /);
    expect(stderr).toMatch(expected);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${dirname(path)}/--`)).toBe(false);
  });

  // What was locked and run would be named otherwise than it is here: Node.js puts U+FFFD for what it cannot read.
  test.each(["run $word/work.lock true", "run work.lock echo $word", "wait $word", "status $word"])(
    "%s, which is not UTF-8",
    async (args) => {
      const cwd = temporaryDirectory();
      const script = `word=$(printf 'caf\\351'); exec "$@" ${args}`;
      const program = start(["sh", "-c", script, "sh", ...HOLDFAST], { cwd });
      expect(await program.ends()).toEqual({ code: 64, signal: null });
      expect(program.stdout).toBe("");
      expect(program.stderr).toMatch(/^holdfast: A word of the command line is not UTF-8.*\n$/);
      expect(readdirSync(cwd)).toEqual([]);
    },
  );

  test("no command at all, and the help is on stderr", async () => {
    const { code, stdout, stderr } = await ran([]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toMatch(/^Usage: holdfast /);
  });
});

describe("help", () => {
  test.each([["run"], ["status"], ["wait"], ["doctor"]])(
    "of %s is the same both ways, and has examples",
    async (name) => {
      const { code, stdout } = await ran([name, "--help"]);
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: holdfast ${name} `));
      expect(stdout).toContain(`\nExamples:\n  holdfast ${name} `);
      expect((await ran(["help", name])).stdout).toBe(stdout);
    },
  );

  test("ends quietly where nobody reads it", async () => {
    const program = holdfast(["--help"]);
    program.closeOutput();
    expect(await program.exits()).toEqual({ code: 141, signal: null });
    expect(program.stderr).toBe("");
  });

  test("names the options that docs/cli.md names", async () => {
    const page = readFileSync("docs/cli.md", "utf8");
    for (const name of ["run", "status", "wait", "doctor"]) {
      const section = new RegExp(`^## holdfast ${name}$(.*?)(?=^## )`, "ms").exec(page)?.[1] ?? "";
      const told = [...section.matchAll(/^\| `(.+?)` \|/gm)].map(([, option]) => option!);
      const { stdout } = await ran([name, "--help"]);
      const offered = [...stdout.matchAll(/^ {2}(-.+?)(?: {2}|$)/gm)].map(([, option]) => option!.trim());
      expect(told, name).toEqual(offered.filter((option) => option !== "-h, --help"));
    }
  });
});

test("--version is that of the package", async () => {
  expect(await ran(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});
