// A page of Markdown as the tests of the documentation see it: its fenced blocks, its links and its headings.

export interface Fence {
  /** What stands behind the opening fence; empty for a block without a language. */
  readonly language: string;
  /** The text inside, without the indentation that a list item gives it. */
  readonly text: string;
  /** The number of its first line in the page, from 1. */
  readonly line: number;
}

export interface Page {
  readonly fences: readonly Fence[];
  /** The page without its fenced blocks. */
  readonly prose: string;
}

const FENCE = /^(?<indent> *)(?<ticks>`{3,}|~{3,}) *(?<language>[^`]*?) *$/;

/** Throws where a block is not closed. */
export function parsePage(markdown: string): Page {
  const fences: Fence[] = [];
  const prose: string[] = [];
  const lines = markdown.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const opening = FENCE.exec(lines[at]!)?.groups;
    if (opening === undefined) {
      prose.push(lines[at]!);
      continue;
    }
    const begins = at + 1;
    const { indent, ticks, language } = opening as Record<"indent" | "ticks" | "language", string>;
    while (lines[++at]?.trim() !== ticks) {
      if (at >= lines.length)
        throw new Error(`The block that begins in line ${String(begins)} is not closed`);
    }
    const text = lines.slice(begins, at).map((line) => withoutIndent(line, indent.length));
    fences.push({ language, text: text.join("\n"), line: begins + 1 });
  }
  return { fences, prose: prose.join("\n") };
}

/** The targets of the inline links, as they are written. */
export function linksOf({ prose }: Page): string[] {
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target!);
}

/** What a link may name behind `#`: the headings, as GitHub spells them. */
export function anchorsOf({ prose }: Page): string[] {
  const seen = new Map<string, number>();
  return [...prose.matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading]) => {
    const slug = heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}\p{Pc}\- ]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${String(before)}`;
  });
}

/** Only blanks go: a line that is indented less than its block stays whole. */
function withoutIndent(line: string, indent: number): string {
  return line.slice(Math.min(indent, line.length - line.trimStart().length));
}
