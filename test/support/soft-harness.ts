// What the driver suite needs beside the soft driver: real markers in a directory of their own.
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { constants as os, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Driver } from "../../src/driver.ts";
import { softCalls, type SoftCalls } from "../../src/drivers/soft-aside.ts";
import { softDriver } from "../../src/drivers/soft.ts";
import { openNumbers, type DriverHarness } from "./driver-harness.ts";
import { nativeError } from "./flock-steps.ts";
import { isOpen, watches } from "./resources.ts";
import { dead, replaceBy, seize } from "./soft-steps.ts";

/** `make` builds the driver over calls that the harness controls. */
export function softHarness(make: (calls: SoftCalls) => Driver = softDriver): DriverHarness {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "holdfast-driver-"));
  symlinkSync(directory, join(directory, "alias"));
  const before = new Set(openNumbers());
  const strangers = new Set<number>();
  const watched = watches();
  const failures: { call: string; code: string }[] = [];
  const hints = new Map<string, number>();
  let whenUnlocked: (() => void) | undefined;
  let files = 0;
  const mayFail = (call: string): void => {
    const at = failures.findIndex((failure) => failure.call === call);
    if (at < 0) return;
    const { code } = failures.splice(at, 1)[0]!;
    throw nativeError(code, (os.errno as Record<string, number>)[code]!);
  };
  const calls: SoftCalls = {
    ...softCalls,
    find: (path) => {
      mayFail("tryLock");
      return softCalls.find(path);
    },
    unlink: (path) => {
      if (path.includes(".break.")) {
        softCalls.unlink(path);
        return;
      }
      mayFail("release");
      softCalls.unlink(path); // frees the lock, and is the hint
      const fn = whenUnlocked;
      whenUnlocked = undefined;
      fn?.();
      hints.set(path, (hints.get(path) ?? 0) + 1);
    },
  };
  const ours = (): number[] => openNumbers().filter((fd) => !before.has(fd) && !strangers.has(fd));
  return {
    driver: make(calls),
    alwaysRemoves: true,
    freshPath: () => join(directory, `${String(++files)}.lock`),
    respelled: (path) => `${dirname(path)}/./alias//${basename(path)}`,
    exists: existsSync,
    modeOf: (path) => statSync(path, { throwIfNoEntry: false })?.mode,
    stranger: {
      seize: (path) => {
        const open = new Set(openNumbers());
        const letGo = seize(path);
        if (letGo === undefined) return undefined;
        const taken = openNumbers().filter((fd) => !open.has(fd));
        for (const fd of taken) strangers.add(fd);
        return () => {
          letGo();
          for (const fd of taken) strangers.delete(fd);
        };
      },
      remove: unlinkSync,
      replace: (path) => {
        replaceBy(path, dead());
      },
      stir: (path) => chmodSync(path, statSync(path).mode),
    },
    failNext: (call, code) => void failures.push({ call, code }),
    onceUnlocked: (fn) => void (whenUnlocked = fn),
    lastHint: (path) => hints.get(path) ?? 0,
    open: () => ours().length,
    watches: () => watches() - watched,
    dispose: () => {
      for (const fd of [...ours(), ...strangers].filter(isOpen)) closeSync(fd);
      rmSync(directory, { recursive: true });
    },
  };
}
