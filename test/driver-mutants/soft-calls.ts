// What the soft driver calls, each broken in one way, and the case that must notice.
import { existsSync, linkSync, unlinkSync } from "node:fs";
import type { SoftCalls } from "../../src/drivers/soft-aside.ts";

type Breaking = (calls: SoftCalls) => Partial<SoftCalls>;

export const softMutants: [what: string, noticedBy: string, breaking: Breaking][] = [
  [
    "sees no marker of the dead",
    "where the lock file was replaced while it was waited for",
    () => ({ find: () => undefined }),
  ],
  [
    "puts its marker in the place of any",
    "gives null where a stranger holds it",
    () => ({
      find: () => undefined,
      link: (from, to) => {
        if (existsSync(to)) unlinkSync(to);
        linkSync(from, to);
      },
    }),
  ],
  [
    "does not remove its marker",
    "keeps strangers out until release() has returned",
    () => ({ unlink: () => {} }),
  ],
  [
    "removes its marker and says that it has not",
    "that throws has released nothing",
    (calls) => ({
      unlink: (path) => {
        try {
          calls.unlink(path);
        } catch (error) {
          unlinkSync(path);
          throw error;
        }
      },
    }),
  ],
];
