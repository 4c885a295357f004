// Drivers that are broken in whom they give hints, and when.
import { onAttempt, type Mutant } from "./mutation.ts";

const neverHints = onAttempt(() => ({ watch: () => {} }));
const hintsOnce = onAttempt((inner) => ({
  watch: (onHint) => {
    let hinted = false;
    inner.watch(() => {
      if (!hinted) onHint();
      hinted = true;
    });
  },
}));

/** A hint that comes although the attempt is over. */
const later = (onHint: (() => void) | undefined): void => {
  if (onHint !== undefined) setImmediate(onHint);
};

export const watchMutants: Mutant[] = [
  ["never hints", "gives a hint after a release", neverHints],
  ["never hints", "may be asked for before the first try", neverHints],
  ["hints once and never again", "gives hints of one release after the other", hintsOnce],
  ["hints once and never again", "may give hints that mean nothing", hintsOnce],
  [
    "hints to one of those who watch",
    "gives a hint to each of many who watch",
    (driver) => {
      let watched = false;
      return onAttempt((inner) => ({
        watch: (onHint) => {
          if (!watched) inner.watch(onHint);
          watched = true;
        },
      }))(driver);
    },
  ],
  [
    "is deaf without a refusal before",
    "may be asked for before the first try",
    onAttempt((inner) => {
      let refused = false;
      return {
        tryLock: () => {
          const grant = inner.tryLock();
          refused = grant === null;
          return grant;
        },
        watch: (onHint) => {
          if (refused) inner.watch(onHint);
        },
      };
    }),
  ],
  [
    "opens what it watches and does not close it",
    "leaves nothing behind where it was asked for and nothing was tried",
    onAttempt((inner) => ({
      watch: (onHint) => {
        inner.tryLock();
        inner.watch(onHint);
      },
    })),
  ],
  [
    "hints from watch",
    "never calls synchronously",
    onAttempt((inner) => ({
      watch: (onHint) => {
        inner.watch(onHint);
        onHint();
      },
    })),
  ],
  [
    "hints from tryLock",
    "never calls synchronously",
    onAttempt((inner) => {
      let hint: (() => void) | undefined;
      return {
        watch: (onHint) => {
          inner.watch(onHint);
          hint = onHint;
        },
        tryLock: () => {
          hint?.();
          return inner.tryLock();
        },
      };
    }),
  ],
  [
    "hints from release",
    "never calls synchronously",
    (driver) => {
      const hints: (() => void)[] = [];
      return onAttempt((inner) => ({
        watch: (onHint) => {
          inner.watch(onHint);
          hints.push(onHint);
        },
        tryLock: () => {
          const grant = inner.tryLock();
          return (
            grant && {
              fd: grant.fd,
              isCurrent: () => grant.isCurrent(),
              setMode: (mode) => grant.setMode(mode),
              release: (options) => {
                grant.release(options);
                for (const hint of hints) hint();
              },
            }
          );
        },
      }))(driver);
    },
  ],
  [
    "hints to all whom it was ever told of",
    "goes to the one who was named last",
    onAttempt((inner) => {
      const all: (() => void)[] = [];
      return {
        watch: (onHint) => {
          all.push(onHint);
          inner.watch(() => {
            for (const each of all) each();
          });
        },
      };
    }),
  ],
  [
    "hints after close",
    "gives no hint after close()",
    onAttempt((inner) => {
      let hint: (() => void) | undefined;
      return {
        watch: (onHint) => inner.watch((hint = onHint)),
        close: () => {
          inner.close();
          later(hint);
        },
      };
    }),
  ],
  [
    "hints after the win",
    "gives no hint after the win",
    onAttempt((inner) => {
      let hint: (() => void) | undefined;
      return {
        watch: (onHint) => inner.watch((hint = onHint)),
        tryLock: () => {
          const grant = inner.tryLock();
          if (grant !== null) later(hint);
          return grant;
        },
      };
    }),
  ],
  [
    "no longer watches after an error",
    "keeps watching after a try that throws",
    onAttempt((inner) => ({
      tryLock: () => {
        try {
          return inner.tryLock();
        } catch (error) {
          inner.watch(() => {});
          throw error;
        }
      },
    })),
  ],
];
