// What a mutant is: a fault that somebody could make, and the tests that have to notice.

/** A text and what takes its place. The text occurs once in the file; line breaks and indentation do not matter. */
export type Edit = readonly [search: string, replacement: string];

export interface Mutant {
  /** What it does wrong. */
  readonly name: string;
  /** Below src/. */
  readonly file: string;
  readonly edits: readonly Edit[];
  /** A file below test/, and a part of the names of the tests in it; without that, all of them. */
  readonly noticedBy: readonly [file: string, named?: string];
  /** The first major version of Node on which it does nothing wrong. */
  readonly harmlessFrom?: number;
}
