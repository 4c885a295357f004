// The driver that writes its process id into the lock file keeps the contract, and writes to nothing that is not ours.
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { flockDriver } from "../../src/drivers/flock.ts";
import { flockWithPidDriver } from "../../src/drivers/flock-with-pid.ts";
import { pidIn } from "../../src/drivers/pid-file.ts";
import { flock, type Flock } from "../../src/native/flock.ts";
import { describeDriver } from "../driver-suite.ts";
import { asNobody, isRoot, publicDirectory } from "../support/as-nobody.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { outputOf } from "../support/driver-child.ts";
import { flockHarness } from "../support/driver-harness.ts";
import {
  granted as grantedBy,
  isHeld,
  nativeError,
  opened,
  refusal as refusalBy,
} from "../support/flock-steps.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { needsRight, succeeds } from "../support/needs.ts";

describeDriver("flock-with-pid", () => flockHarness((flock) => flockWithPidDriver(flockDriver(flock))));

everyTestLeavesNothing();

const driver = flockWithPidDriver();
const PID = `${String(process.pid)}\n`;
const rootTest = needsRight("root", isRoot);

const granted = (path: string) => grantedBy(path, {}, driver);
const refusal = (path: string) => refusalBy(path, driver);

function fileWith(content: string, path = temporaryLockFile()): string {
  writeFileSync(path, content);
  return path;
}

describe("A lock file that is ours", () => {
  test.each(["", "1", "12\n", "4194303\n", "9999999999\n"])(
    "has the process id in it: it had %j",
    (content) => {
      const path = fileWith(content);
      const grant = granted(path);
      expect(readFileSync(path, "utf8")).toBe(PID);
      expect(pidIn(path)).toBe(process.pid);
      grant.release({ remove: true });
      expect(existsSync(path)).toBe(false);
      expect(pidIn(path)).toBeUndefined();
    },
  );

  test("is written to by who wins, and by nobody who is refused", () => {
    const path = temporaryLockFile();
    const holder = grantedBy(path);
    const attempt = opened(path, {}, driver);
    expect(attempt.tryLock()).toBeNull();
    expect(readFileSync(path, "utf8")).toBe("");
    holder.release({ remove: false });
    const grant = attempt.tryLock();
    expect(readFileSync(path, "utf8")).toBe(PID);
    grant!.release({ remove: true });
  });
});

describe("A lock file that may be somebody's is left as it is, and free", () => {
  // 1. It is locked. 2. It is somebody's. 3. It cannot be unlocked just then.
  test("also where it could not be unlocked at first", () => {
    const path = fileWith("precious");
    let failures = 1;
    const failing: Flock = (fd, operation) => {
      if (operation === "unlock" && failures-- > 0) throw nativeError("ENOLCK", 37);
      return flock(fd, operation);
    };
    const attempt = opened(path, {}, flockWithPidDriver(flockDriver(failing)));
    expect(() => attempt.tryLock()).toThrow("it holds something else than a process id");
    expect(isHeld(path)).toBe(true);
    attempt.close();
    expect(isHeld(path)).toBe(false);
    expect(readFileSync(path, "utf8")).toBe("precious");
  });

  test.each([
    "precious",
    "12\n\n",
    "\n",
    "0\n",
    "-5\n",
    "12 \n",
    "0x1\n",
    "12345678901\n",
    `12\n${"x".repeat(50)}`,
    "\0",
  ])("with %j in it", (content) => {
    const path = fileWith(content);
    expect(refusal(path)).toMatchObject({
      code: "EEXIST",
      path,
      message: `Cannot use '${path}' as the lock file of a process: it holds something else than a process id. It was left as it is: remove it if nobody needs it, or choose another name or directory.`,
    });
    expect(readFileSync(path, "utf8")).toBe(content);
    expect(isHeld(path)).toBe(false);
  });

  test.each(["", "12\n"])("with another name, and %j in it", (content) => {
    const path = fileWith(content);
    linkSync(path, `${path}.other`);
    expect(refusal(path)).toMatchObject({
      code: "EEXIST",
      message: expect.stringContaining(
        `Cannot use '${path}' as the lock file of a process: it has another name`,
      ),
    });
    expect(readFileSync(`${path}.other`, "utf8")).toBe(content);
  });

  test("behind a symbolic link", () => {
    const target = fileWith("12\n");
    const path = `${target}.link`;
    symlinkSync(target, path);
    expect(refusal(path)).toMatchObject({
      code: "ELOOP",
      message: expect.stringContaining("it is a symbolic link, and links are not followed"),
    });
    expect(readFileSync(target, "utf8")).toBe("12\n");
    expect(pidIn(path)).toBeUndefined();
  });

  test("as a directory", () => {
    const path = temporaryLockFile();
    mkdirSync(path);
    expect(refusal(path)).toMatchObject({ code: "EISDIR" });
    expect(pidIn(path)).toBeUndefined();
  });
});

describe("A lock file that may only be read", () => {
  test("is locked, and stays as it is", () => {
    const path = fileWith("12\n", join(publicDirectory(), "work.lock"));
    chmodSync(path, 0o444);
    const grant = asNobody(() => granted(path));
    expect(isHeld(path)).toBe(true);
    expect(readFileSync(path, "utf8")).toBe("12\n");
    grant.release({ remove: false });
  });

  test("is none of ours all the same where it holds something else", () => {
    const path = fileWith("precious", join(publicDirectory(), "work.lock"));
    chmodSync(path, 0o444);
    expect(asNobody(() => refusal(path))).toMatchObject({ code: "EEXIST" });
  });

  rootTest("and whose owner is another user is locked in a sticky directory", () => {
    const directory = publicDirectory();
    chmodSync(directory, 0o1777);
    const path = fileWith("12\n", join(directory, "work.lock"));
    chownSync(path, 12_345, 12_345);
    chmodSync(path, 0o644);
    asNobody(() => {
      granted(path).release({ remove: false });
    });
    expect([readFileSync(path, "utf8"), statSync(path).uid]).toEqual(["12\n", 12_345]);
  });
});

const canLimit = succeeds("sh", "-c", "ulimit -f 0");

needsRight("ulimit", canLimit)("A lock file that cannot be written to is an error, and free again", () => {
  const path = temporaryLockFile();
  const outcome = outputOf("limited-file.mjs", [path], {
    through: ["sh", "-c", 'ulimit -f 0 && exec "$0" "$@"'],
  });
  expect(outcome).toEqual({
    code: "EFBIG",
    message: `Cannot write the process id into the lock file '${path}' (EFBIG)`,
    held: false,
  });
  expect(readFileSync(path, "utf8")).toBe("");
});
