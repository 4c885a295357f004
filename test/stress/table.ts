// The table of figures in docs/reliability.md: rows by chapter, between two comments. Knows nothing of how they come about.
import type { Figure } from "./scale.ts";

const BEGIN = "<!-- figures: `npm run test:stress` writes these lines -->";
const END = "<!-- end of the figures -->";
const HEAD = ["| of | what | figure |", "| --- | --- | --- |"];

/** `page` with `figures` in the place of all that it has of `chapters`. */
export function replaceFigures(
  page: string,
  chapters: readonly string[],
  figures: readonly Figure[],
): string {
  const [before, rest] = cut(page, BEGIN);
  const [table, after] = cut(rest, END);
  const kept = table
    .split("\n")
    .filter((line) => line.startsWith("| ") && !HEAD.includes(line))
    .filter((line) => !chapters.includes(line.split("|")[1]!.trim()));
  const rows = figures.map(({ chapter, what, figure }) => `| ${chapter} | ${what} | ${figure} |`);
  const all = [...kept, ...rows].sort(byChapter);
  return `${before}${BEGIN}\n\n${[...HEAD, ...all].join("\n")}\n\n${END}${after}`;
}

function cut(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`docs/reliability.md has no line ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

/** Those of one chapter stay in the order in which they were noted. */
function byChapter(one: string, other: string): number {
  const [a, b] = [one, other].map((row) => row.split("|")[1]!);
  return a! < b! ? -1 : a! > b! ? 1 : 0;
}
