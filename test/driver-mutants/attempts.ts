// Drivers that are broken in what an attempt does: refused, won, failed or closed.
import type { Grant } from "../../src/driver.ts";
import { onAttempt, type Mutant } from "./mutation.ts";

const NO_LOCK: Grant = { fd: undefined, isCurrent: () => true, setMode: () => {}, release: () => {} };

const systemError = (code: string): Error => Object.assign(new Error(code), { code });

const grantsTwice = onAttempt((inner) => ({ tryLock: () => inner.tryLock() ?? NO_LOCK }));

export const attemptMutants: Mutant[] = [
  ["grants twice", "gives null where this process holds it", grantsTwice],
  ["grants twice", "of many attempts one wins, round after round", grantsTwice],
  [
    "grants what a stranger holds at the second try",
    "gives null where a stranger holds it",
    onAttempt((inner) => {
      let refusals = 0;
      return { tryLock: () => inner.tryLock() ?? (++refusals > 1 ? NO_LOCK : null) };
    }),
  ],
  ["never wins", "wins a free lock", onAttempt(() => ({ tryLock: () => null }))],
  [
    "refuses for ever after a refusal",
    "wins once that is released",
    onAttempt((inner) => {
      let refused = false;
      return {
        tryLock: () => {
          const grant = refused ? null : inner.tryLock();
          refused = grant === null;
          return grant;
        },
      };
    }),
  ],
  [
    "throws where it is held elsewhere",
    "gives null where a stranger holds it",
    onAttempt((inner) => ({
      tryLock: () => {
        const grant = inner.tryLock();
        if (grant === null) throw systemError("EAGAIN");
        return grant;
      },
    })),
  ],
  [
    "leaves a refused attempt open",
    "keeps nothing open once a refused attempt is closed",
    onAttempt(() => ({ close: () => {} })),
  ],
  [
    "throws when closed twice",
    "keeps nothing open once a refused attempt is closed, once or twice",
    onAttempt((inner) => {
      let closed = false;
      return {
        close: () => {
          if (closed) throw systemError("EBADF");
          closed = true;
          inner.close();
        },
      };
    }),
  ],
  [
    "frees the grant with the attempt that won it",
    "spends the attempt that wins",
    onAttempt((inner) => {
      let grant: Grant | null = null;
      return {
        tryLock: () => (grant = inner.tryLock()),
        close: () => {
          grant?.release({ remove: false });
          grant = null;
          inner.close();
        },
      };
    }),
  ],
  [
    "frees the holder's lock when a refused attempt is closed, as POSIX locks do",
    "does not free the lock of a holder",
    (driver) => {
      const grants = new Map<string, Grant>();
      return {
        open: (key, options) => {
          const inner = driver.open(key, options);
          return {
            tryLock: () => {
              const grant = inner.tryLock();
              if (grant !== null) grants.set(key, grant);
              return grant;
            },
            ahead: inner.ahead,
            watch: (onHint) => inner.watch(onHint),
            close: () => {
              inner.close();
              grants.get(key)?.release({ remove: false });
              grants.delete(key);
            },
          };
        },
      };
    },
  ],
  [
    "takes an error for contention",
    "throws the system error with its code",
    onAttempt((inner) => ({
      tryLock: () => {
        try {
          return inner.tryLock();
        } catch {
          return null;
        }
      },
    })),
  ],
  [
    "loses the code of an error",
    "throws the system error with its code",
    onAttempt((inner) => ({
      tryLock: () => {
        try {
          return inner.tryLock();
        } catch (cause) {
          throw new Error("Cannot lock", { cause });
        }
      },
    })),
  ],
  [
    "gives up for good after an error",
    "may be tried again after it has thrown",
    onAttempt((inner) => {
      let failed: Error | undefined;
      return {
        tryLock: () => {
          if (failed !== undefined) throw failed;
          try {
            return inner.tryLock();
          } catch (error) {
            failed = error as Error;
            throw error;
          }
        },
      };
    }),
  ],
];
