// What a marker says, byte for byte, and of whom it proves that he is dead. Fixtures are written from the description of
// the format: pid, host name and start token, a line each.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { symlinkSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { isDead } from "../../src/drivers/soft-death.ts";
import { ownMarker, parseMarker, startTokenOf } from "../../src/drivers/soft-marker.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { everyTestLeavesNothing } from "../support/leaves-nothing.ts";
import { soon } from "../support/promises.ts";
import { marker, startToken } from "../support/soft-steps.ts";
import { everyTestNeedsLinux } from "../support/needs.ts";

everyTestNeedsLinux("/proc/<pid>/stat");

everyTestLeavesNothing();

/** The pid of a process that has ended, and has been waited for. */
async function endedPid(): Promise<number> {
  const child = spawn("true", { stdio: "ignore" });
  await soon(once(child, "exit"), "a process does not end");
  return child.pid!;
}

describe("A marker", () => {
  test("of this process has its pid, its host and its start token, each ended by a line break", () => {
    expect(ownMarker()).toBe(`${String(process.pid)}\n${hostname()}\n${String(startToken(process.pid))}\n`);
  });

  test("is read as it was written", () => {
    expect(parseMarker("4711\nsome-host\n79228162514264337593543950336\n")).toEqual({
      pid: 4711,
      hostname: "some-host",
      startToken: 2n ** 96n,
    });
    expect(parseMarker("4711\nsome-host\n")).toEqual({
      pid: 4711,
      hostname: "some-host",
      startToken: undefined,
    });
  });

  test.each([
    ["nothing", ""],
    ["a part of one", "4711\nsome"],
    ["its first line alone", "4711\n"],
    ["one without its last line break", "4711\nhost\n17"],
    ["one with a line too many", "4711\nhost\n17\n18\n"],
    ["pid 0, which would be a whole group", "0\nhost\n17\n"],
    ["a negative pid", "-4711\nhost\n17\n"],
    ["a pid that no system has", "2147483648\nhost\n17\n"],
    ["an empty host", "4711\n\n17\n"],
    ["a token that is no number", "4711\nhost\nabc\n"],
    ["something else", "precious\n"],
  ])("is not %s", (_, text) => {
    expect(parseMarker(text)).toBeUndefined();
    expect(isDead(text)).toBe(false);
  });

  test("has the start token of a process whose name has blanks and parentheses in it", async () => {
    const name = join(temporaryDirectory(), "a) b (c) 7");
    symlinkSync("/bin/sleep", name);
    const child = spawn(name, ["100"], { stdio: "ignore" });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child, "spawn");
    expect(startTokenOf(child.pid!)).toBe(startToken(child.pid!));
    child.kill("SIGKILL");
    await soon(once(child, "exit"), "it does not end");
  });

  test("has no start token where there is no such process", async () => {
    expect(startTokenOf(await endedPid())).toBeUndefined();
  });
});

describe("The proof of death", () => {
  test("is that there is no such process", async () => {
    const pid = await endedPid();
    expect(isDead(marker({ pid, token: 17n }))).toBe(true);
    expect(isDead(marker({ pid, token: "none" }))).toBe(true);
  });

  test("is that another process has its pid", () => {
    expect(isDead(marker({ token: startToken(process.pid) - 1n }))).toBe(true);
  });

  test("is that the machine was booted since", () => {
    expect(isDead(marker({ token: startToken(process.pid) ^ (1n << 64n) }))).toBe(true);
  });

  // 1. A version of py-filelock writes the time since the boot alone, and holds. 2. We take that for another process's token.
  test("is not had of a process that lives, and whose token has no boot in it", () => {
    const ticks = BigInt.asUintN(64, startToken(process.pid));
    expect(isDead(marker({ token: ticks }))).toBe(false);
    expect(isDead(marker({ token: ticks + 1n }))).toBe(true);
  });

  test("is not had of a process that lives, also without a start token", () => {
    expect(isDead(marker())).toBe(false);
    expect(isDead(marker({ token: "none" }))).toBe(false);
    expect(isDead(marker({ pid: 1 }))).toBe(false);
  });

  test("is not had of somebody else's process, which may not be signalled", () => {
    const kill = vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("EPERM"), { code: "EPERM" });
    });
    expect(isDead(marker({ pid: 1 }))).toBe(false);
    expect(kill).toHaveBeenCalledWith(1, 0);
    kill.mockRestore();
  });

  test("is not had of a process that cannot be looked at", async () => {
    const pid = await endedPid(); // its /proc entry is gone, as that of somebody else's is where they are hidden
    const kill = vi.spyOn(process, "kill").mockReturnValue(true);
    expect(isDead(marker({ pid, token: 17n }))).toBe(false);
    kill.mockRestore();
  });

  test("is not had of another host, whatever runs here", async () => {
    const pid = await endedPid();
    expect(isDead(marker({ host: "elsewhere", token: 17n }))).toBe(false);
    expect(isDead(marker({ pid, host: "elsewhere", token: 17n }))).toBe(false);
    expect(isDead(marker({ pid, host: `${hostname()}.`, token: "none" }))).toBe(false);
  });
});
