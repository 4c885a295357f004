// The lock file of a program: what it is called, as Python would quote it, and where it lies.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { processLockFileName, quotePlus } from "../../src/drivers/process-lock-file.ts";
import { ProcessLock } from "../../src/index.ts";
import { NOBODY, isRoot } from "../support/as-nobody.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { fixture } from "../support/driver-child.ts";
import { needsRight, needsTool, succeeds } from "../support/needs.ts";

const PYTHON = "/usr/bin/python3";

/** Every character of a byte, alone and in company, and some of each plane. */
function texts(): string[] {
  const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
  const wide = [
    "é",
    "ß",
    "ÿ",
    "Ā",
    "€",
    "日本語",
    "\u2028",
    "\ufeff",
    "\uffff",
    "😀",
    "👩‍👩‍👧",
    "\u{10ffff}",
    "e\u0301",
  ];
  const whole = [
    "/usr/lib/cron/nightly backup.mjs",
    "a/b?c=d&e=f#g",
    "~me/%41+b",
    "..",
    ".",
    "a\nb",
    bytes.join(""),
  ];
  return [...bytes, ...bytes.map((byte) => `a${byte}${byte}b `), ...wide, wide.join(" "), ...whole];
}

describe("A name", () => {
  needsTool("python3", succeeds(PYTHON, "--version"))("is quoted as Python's quote_plus does", () => {
    const script =
      "import json, sys, urllib.parse as u; print(json.dumps([u.quote_plus(t) for t in json.load(sys.stdin)]))";
    const python = execFileSync(PYTHON, ["-c", script], { input: JSON.stringify(texts()), encoding: "utf8" });
    expect(texts().map(quotePlus)).toEqual(JSON.parse(python));
  });

  test("is quoted", () => {
    expect(quotePlus("/a b/~_.-c+é*'()!")).toBe("%2Fa+b%2F~_.-c%2B%C3%A9%2A%27%28%29%21");
  });

  test("is in the name of its file", () => {
    expect(processLockFileName("nightly backup")).toBe("js_exclusivelock_nightly+backup.lock");
    expect(processLockFileName(".")).toBe("js_exclusivelock_..lock");
  });

  test("that fits to the byte is left whole, and one more is cut", () => {
    const room = 255 - "js_exclusivelock_.lock".length;
    const fits = processLockFileName("x".repeat(room));
    expect(fits).toBe(`js_exclusivelock_${"x".repeat(room)}.lock`);
    expect(fits).toHaveLength(255);
    const name = "x".repeat(room + 1);
    const hash = createHash("sha256").update(name).digest("hex");
    expect(processLockFileName(name)).toBe(`js_exclusivelock_${"x".repeat(room - 65)}=${hash}.lock`);
    expect(processLockFileName(name)).toHaveLength(255);
  });

  test("that is cut stays one of its own, ends with a whole character, and makes a file that can be locked", async () => {
    for (let shift = 0; shift < 6; shift++) {
      const name = `${"x".repeat(shift)}${"日".repeat(200)}`;
      const file = processLockFileName(name);
      expect(file.length).toBeLessThanOrEqual(255);
      expect(file).toMatch(/^js_exclusivelock_x*(?:%[0-9A-F]{2})+=[0-9a-f]{64}\.lock$/);
      expect(processLockFileName(`${name}!`)).not.toBe(file);
      await new ProcessLock({ name, directory: temporaryDirectory() }).run(() => {});
    }
  });
});

describe("The directory", () => {
  interface Situation {
    readonly env?: NodeJS.ProcessEnv;
    readonly uid?: number;
    /** The command that it runs below. */
    readonly through?: readonly string[];
  }

  /** Where another process has the lock file "x". */
  function directoryIn({ env, uid, through: below = [] }: Situation): string {
    const lock = JSON.stringify({ name: "x", uid });
    const [command, ...args] = [...below, process.execPath, fixture("program.mjs"), "where", lock];
    const options = {
      encoding: "utf8",
      env: { ...process.env, ...env },
    } as const;
    const { lockFile } = JSON.parse(execFileSync(command, args, options)) as { lockFile: string };
    expect(lockFile).toMatch(/\/js_exclusivelock_x\.lock$/);
    return lockFile.slice(0, lockFile.lastIndexOf("/"));
  }

  const locks = succeeds("test", "-d", "/var/lock", "-a", "-w", "/var/lock");
  const lockTest = needsRight("a /var/lock that may be written to", locks);
  const canHide =
    isRoot && succeeds("unshare", "--mount", "mount", "-o", "bind,ro", "/var/lock", "/var/lock");
  const hiddenTest = needsRight("the right to mount", canHide);
  const through = [
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount -o bind,ro /var/lock /var/lock && exec "$0" "$@"',
  ];

  lockTest("is /var/lock", () => {
    expect(directoryIn({ env: { XDG_RUNTIME_DIR: temporaryDirectory() } })).toBe("/var/lock");
  });

  hiddenTest("is $XDG_RUNTIME_DIR where /var/lock may not be written to", () => {
    const runtime = temporaryDirectory();
    expect(directoryIn({ env: { XDG_RUNTIME_DIR: runtime }, through })).toBe(runtime);
  });

  hiddenTest(
    "is the one for temporary files where that is no directory, relative, not there or not set",
    () => {
      const directory = temporaryDirectory();
      writeFileSync(join(directory, "file"), "");
      mkdirSync(join(directory, "tmp"));
      const TMPDIR = join(directory, "tmp");
      for (const runtime of [join(directory, "file"), "test", join(directory, "none"), ""]) {
        expect(directoryIn({ env: { XDG_RUNTIME_DIR: runtime, TMPDIR }, through }), runtime).toBe(TMPDIR);
      }
    },
  );

  hiddenTest("is that of the user who asks", () => {
    const env = { XDG_RUNTIME_DIR: temporaryDirectory(), TMPDIR: "/tmp" }; // the first is root's alone
    expect(directoryIn({ env, through, uid: NOBODY })).toBe("/tmp");
    expect(directoryIn({ env, through })).toBe(env.XDG_RUNTIME_DIR);
  });
});
