// Drivers that are broken in how they let go, and in whether a grant is current.
import { onGrant, type Mutant } from "./mutation.ts";

const alwaysCurrent = onGrant(() => ({ isCurrent: () => true }));
const doesNotRelease = onGrant(() => ({ release: () => {} }));

export const grantMutants: Mutant[] = [
  ["is always current", "is false once the lock file was removed", alwaysCurrent],
  ["is always current", "is false once the lock file was replaced", alwaysCurrent],
  [
    "is never current",
    "is true for as long as nobody touches the name",
    onGrant(() => ({ isCurrent: () => false })),
  ],
  [
    "throws from release and has released",
    "that throws has released nothing",
    onGrant((inner) => ({
      release: (options) => {
        try {
          inner.release(options);
        } catch (error) {
          inner.release(options);
          throw error;
        }
      },
    })),
  ],
  [
    "returns from release and has not released",
    "that throws has released nothing",
    onGrant((inner) => ({
      release: (options) => {
        try {
          inner.release(options);
        } catch {
          // as if it had worked
        }
      },
    })),
  ],
  ["does not release", "leaves nothing held or open", doesNotRelease],
  ["does not release", "keeps strangers out until release() has returned, and no longer", doesNotRelease],
  [
    "cannot be released a second time",
    "that throws has released nothing, has its code, and may be called again",
    onGrant((inner) => {
      let asked = false;
      return {
        release: (options) => {
          if (asked) throw Object.assign(new Error("asked already"), { code: "EBADF" });
          asked = true;
          inner.release(options);
        },
      };
    }),
  ],
  [
    "never removes",
    "removes the lock file where it is asked to",
    onGrant((inner) => ({ release: () => inner.release({ remove: false }) })),
  ],
  [
    "always removes",
    "leaves the lock file where it is not asked to remove it",
    onGrant((inner) => ({ release: () => inner.release({ remove: true }) })),
  ],
];
