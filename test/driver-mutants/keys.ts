// Drivers that are broken in what they take for one lock file, in how they open it, and in whom they name.
import { dirname, join } from "node:path";
import type { Grant } from "../../src/driver.ts";
import { onAttempt, onGrant, type Mutant } from "./mutation.ts";

const ONE = "one.lock";

export const keyMutants: Mutant[] = [
  [
    "keeps the spelling",
    "gives two spellings of one lock file one key",
    () => ({ identify: (path) => path }),
  ],
  [
    "has one key for all",
    "gives two lock files two keys",
    () => ({ identify: (path) => join(dirname(path), ONE) }),
  ],
  [
    "finds a new key each time",
    "gives a key as the key of itself",
    (driver) => ({ identify: (path) => `${driver.identify(path)}.lock` }),
  ],
  [
    "locks a file of its own for each spelling",
    "holds between two spellings of one lock file",
    () => ({ identify: (path) => join(dirname(path), encodeURIComponent(path)) }),
  ],
  [
    "has another key once there is a lock file",
    "before, while and after there is a lock file",
    (driver) => {
      const used = new Set<string>();
      return {
        identify: (path) => driver.identify(used.has(path) ? `${path}.used` : path),
        open: (key, options) => {
          used.add(key);
          return driver.open(key, options);
        },
      };
    },
  ],
  [
    "has one lock for all lock files",
    "does not hold between two lock files",
    (driver) => ({ open: (key, options) => driver.open(join(dirname(key), ONE), options) }),
  ],
  [
    "locks when it opens",
    "locks nothing yet",
    onAttempt((inner) => {
      const early: (Grant | null)[] = [inner.tryLock()];
      return { tryLock: () => early.pop() ?? inner.tryLock() };
    }),
  ],
  [
    "opens twice and closes once",
    "leaves nothing open that close() does not close",
    onAttempt((_, { driver, key, options }) => {
      driver.open(key, options).tryLock();
      return {};
    }),
  ],
  [
    "creates with the default mode",
    "has the lock file created with the mode asked for",
    (driver) => ({ open: (key) => driver.open(key, {}) }),
  ],
  [
    "ignores setMode",
    "has the lock file created with the mode asked for",
    onGrant(() => ({ setMode: () => {} })),
  ],
  [
    "names a holder for ever",
    "names nobody where nobody holds it",
    () => ({ holders: () => Promise.resolve([{ pid: process.pid, command: "" }]) }),
  ],
  [
    "names somebody else",
    "names this process while it holds",
    () => ({ holders: () => Promise.resolve([{ pid: 1, command: "" }]) }),
  ],
  [
    "rejects where it sees no holder",
    "rejects for no key",
    (driver) => ({
      holders: async (key) => {
        const seen = await driver.holders(key);
        if (seen.length === 0) throw Object.assign(new Error("nobody"), { code: "ENOENT" });
        return seen;
      },
    }),
  ],
];
