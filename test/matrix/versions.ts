// The releases of Node.js that the test suite is run on. Exact ones, so that a run can be had again: a newer one is
// entered here, and nowhere else. Knows nothing of how they are had.

/** From the oldest that package.json allows to the newest; of each major version the last one, and of the first the first one too. */
export const VERSIONS = ["20.19.0", "20.20.2", "22.23.3", "24.21.0", "26.10.0"] as const;

export type Version = (typeof VERSIONS)[number];

/**
 * The versions that are meant by `words`, in the order of the table: "oldest", "newest", a major version for the last
 * one of it, or one of the table as it stands there; all of them where there is no word. Throws a RangeError at any other word.
 */
export function versionsMeant(words: readonly string[]): readonly Version[] {
  if (words.length === 0) return VERSIONS;
  const meant = new Set(words.map(versionMeant));
  return VERSIONS.filter((version) => meant.has(version));
}

function versionMeant(word: string): Version {
  const version =
    VERSIONS.filter((exact) => exact === word || exact.split(".", 1)[0] === word).at(-1) ??
    (word === "newest" ? VERSIONS.at(-1) : undefined) ??
    (word === "oldest" ? VERSIONS[0] : undefined);
  if (version !== undefined) return version;
  const majors = new Set(VERSIONS.map((exact) => exact.split(".", 1)[0]));
  throw new RangeError(
    `Cannot run the tests on Node.js '${word}': expected ${[...majors].join(", ")}, oldest, newest, ` +
      `or one of ${VERSIONS.join(", ")} (the table is in test/matrix/versions.ts).`,
  );
}
