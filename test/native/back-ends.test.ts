// What each back end has to do, on real files: those that this Node.js can load.
import { closeSync, openSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect } from "vitest";
import type { SystemCall } from "../../src/native/back-end.ts";
import { BACK_ENDS, load } from "../../src/native/choice.ts";
import { nodeFfi } from "../../src/native/node-ffi.ts";
import { expectWarnings } from "../setup/no-stray-warnings.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { outputOf } from "../support/driver-child.ts";
import { needsRight, needsTool, succeeds } from "../support/needs.ts";

const [LOCK_SH_NB, LOCK_EX_NB, LOCK_UN] = [5, 6, 8];

// Once a process, at the first load: else it would be laid at the door of whichever test comes first.
beforeAll(async () => {
  if (!servesHere("node:ffi")) return;
  nodeFfi().load();
  await expectWarnings("FFI is an experimental feature");
});

describe.each(BACK_ENDS)("$name", (backEnd) => {
  const serves = servesHere(backEnd.name);
  const backEndTest = needsRight(`a Node.js that ${backEnd.name} serves`, serves);
  const straceTest = serves
    ? needsTool("strace", succeeds("strace", "-qq", "-e", "trace=none", "true"))
    : backEndTest;

  backEndTest("excludes another open file description, until it is unlocked", () => {
    const call = load(backEnd, false);
    const { one, other, close } = opened();
    call(one, LOCK_EX_NB);
    expect(codeOf(call, other, LOCK_EX_NB)).toBe("EAGAIN");
    expect(codeOf(call, other, LOCK_SH_NB)).toBe("EAGAIN");
    call(one, LOCK_UN);
    call(other, LOCK_EX_NB);
    close();
  });

  backEndTest("lets shared locks live side by side, and none beside an exclusive one", () => {
    const call = load(backEnd, false);
    const { one, other, close } = opened();
    call(one, LOCK_SH_NB);
    call(other, LOCK_SH_NB);
    expect(codeOf(call, one, LOCK_EX_NB)).toBe("EAGAIN");
    close();
  });

  backEndTest("and every other that loads see the same locks", () => {
    const { one, other, close } = opened();
    load(backEnd, false)(one, LOCK_EX_NB);
    for (const { name } of BACK_ENDS) {
      if (!servesHere(name)) continue;
      const call = load(
        BACK_ENDS.find((candidate) => candidate.name === name)!,
        false,
      );
      expect(codeOf(call, other, LOCK_EX_NB), name).toBe("EAGAIN");
    }
    close();
  });

  backEndTest("throws the errors of the kernel with their names", () => {
    const call = load(backEnd, false);
    expect(codeOf(call, -1, LOCK_UN)).toBe("EBADF");
    const { one, close } = opened();
    expect(codeOf(call, one, 0)).toBe("EINVAL");
    close();
  });

  // The kernel's errors, made by strace, through the back end and the driver.
  const outcome = (injected: string): unknown => {
    const through = ["strace", "-qq", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=flock", "-e"];
    const [result] = outputOf("try-lock.mjs", ["self", temporaryLockFile()], {
      env: { HOLDFAST_BACKEND: backEnd.name },
      through: [...through, `inject=flock:${injected}`],
    }) as unknown[];
    return result;
  };
  // The first call is the one on no file, by which a back end is known to work; a failure of node:ffi is asked for twice.
  const [first, release] = backEnd.name === "node:ffi" ? [3, "4..6"] : [2, "3"];
  const [through3, once] = [
    `${String(first)}..${String(first + 2)}`,
    `${String(first)}..${String(first + 1)}`,
  ];

  straceTest("EINTR makes it try again", () => {
    expect(outcome(`error=EINTR:when=${through3}`)).toEqual({ result: "won" });
  });

  straceTest("EAGAIN and EACCES are held elsewhere", () => {
    expect(outcome(`error=EAGAIN:when=${String(first)}+`)).toEqual({ result: "held" });
    expect(outcome(`error=EACCES:when=${String(first)}+`)).toEqual({ result: "held" });
  });

  straceTest("ENOLCK is an error", () => {
    expect(outcome(`error=ENOLCK:when=${once}`)).toMatchObject({
      result: "threw",
      name: "Error",
      code: "ENOLCK",
    });
  });

  straceTest("ENOLCK at the unlock is an error of the release", () => {
    expect(outcome(`error=ENOLCK:when=${release}`)).toMatchObject({
      code: "ENOLCK",
      message: expect.stringContaining("it is still held. Try again"),
    });
  });

  for (const errno of ["ENOSYS", "EOPNOTSUPP", "524"]) {
    straceTest(`${errno} is LockUnsupported`, () => {
      expect(outcome(`error=${errno}:when=${String(first)}+`)).toMatchObject({
        result: "threw",
        name: "LockUnsupported",
      });
    });
  }
});

/** node:ffi came with Node.js 26, for which fs-ext-extra-prebuilt has no binary; fs-ext serves wherever the tests do. */
function servesHere(name: string): boolean {
  const [major] = process.versions.node.split(".").map(Number) as [number];
  if (name === "node:ffi") return major >= 26;
  return name !== "fs-ext-extra-prebuilt" || major < 26;
}

function opened(): { one: number; other: number; close: () => void } {
  const path = temporaryLockFile();
  writeFileSync(path, "");
  const [one, other] = [openSync(path, "r"), openSync(path, "r")];
  return {
    one,
    other,
    close: () => {
      closeSync(one);
      closeSync(other);
    },
  };
}

function codeOf(call: SystemCall, fd: number, flags: number): string | undefined {
  try {
    call(fd, flags);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
  return undefined;
}
