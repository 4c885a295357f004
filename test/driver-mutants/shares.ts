// Drivers that are broken in what they share.
import { onAttempt, onGrant, type Mutant } from "./mutation.ts";

export const shareMutants: Mutant[] = [
  [
    "knows no shared grants",
    "grants live side by side",
    (driver) => ({ open: (key, options) => driver.open(key, { ...options, shared: false }) }),
  ],
  [
    "knows no shared grants",
    "grants live beside those of strangers",
    (driver) => ({ open: (key, options) => driver.open(key, { ...options, shared: false }) }),
  ],
  [
    "shares with everybody",
    "attempts are refused while one has it alone",
    onAttempt((inner, { options }) => ({
      tryLock: () =>
        inner.tryLock() ??
        (options.shared === true
          ? { fd: undefined, isCurrent: () => true, setMode: () => {}, release: () => {} }
          : null),
    })),
  ],
  [
    "never removes",
    "files are not removed from under those who share them",
    onGrant((inner) => ({ release: () => inner.release({ remove: false }) })),
  ],
];
