// A process dies at each of the system calls with which SoftFileLock breaks, takes and releases: the next one gets in,
// and what lies there then is litter of known names, which goes when it is cleared away.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect } from "vitest";
import { ASIDE } from "../../src/drivers/soft-aside.ts";
import { RIGHT } from "../../src/drivers/soft-right.ts";
import { temporaryLockFile } from "../support/directory.ts";
import { fixture } from "../support/driver-child.ts";
import { needsTool, succeeds } from "../support/needs.ts";
import { around, dead, tried } from "../support/soft-steps.ts";

const define = needsTool("strace", succeeds("strace", "-V"));

/** Each with the number of times that one break, one hold and one release call it. */
const CALLS = { link: 3, unlink: 5 };

describe.each(Object.entries(CALLS))("Killed at %s(2)", (call, times) => {
  for (let which = 1; which <= times + 1; which++) {
    define(which > times ? "no more: it lives" : `number ${String(which)}`, () => {
      const path = temporaryLockFile();
      writeFileSync(path, dead());
      const inject = `inject=${call}:signal=SIGKILL:when=${String(which)}`;
      const args = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${call}`, "-e", inject];
      const options = JSON.stringify({ soft: true });
      const child = [process.execPath, fixture("child.mjs"), "cycle", path, options];
      const { signal, status } = spawnSync("strace", [...args, ...child], { timeout: 20_000 });
      expect({ signal, status }).toEqual(
        which > times ? { signal: null, status: 0 } : { signal: "SIGKILL", status: null },
      );

      tried(path)!.release({ remove: true });
      const left = around(path).map((name) => name.slice(basename(path).length + 1));
      expect(left.filter((name) => !ASIDE.test(name) && !RIGHT.test(name))).toEqual([]);
      writeFileSync(path, dead());
      tried(path)!.release({ remove: true });
      expect(around(path)).toEqual([]);
    });
  }
});
