/** What stands below a run: a table of its visits, and the verdict in words. */
import type { Style } from "./progress.ts";
import type { Overlap, Verdict, Visit } from "./verdict.ts";

export function summary(verdict: Verdict, style: Style): string {
  const { overlaps, lostUpdates, tornRebuilds, kills, killsSurvived } = verdict;
  const count = (what: string, number: number, detail = ""): string => {
    const line = `  ${what.padEnd(15)}${String(number).padStart(6)}`;
    return `${number === 0 ? line : style("red", line)}${detail && style("dim", `   ${detail}`)}`;
  };
  const lines = [
    ...table(verdict.visits, style),
    "",
    `Kills survived: ${killsSurvived} of ${kills}`,
    "",
    `What the journal says of ${verdict.visits.length} visits:`,
    count("overlaps", overlaps.length, describe(overlaps[0])),
    count(
      "lost updates",
      lostUpdates,
      `counted ${verdict.counted} times, the counter says ${verdict.counter}`,
    ),
    count("torn rebuilds", tornRebuilds),
    "",
    sentence(verdict, style),
    "",
  ];
  return lines.join("\n");
}

function sentence({ sound, visits, kills, killsSurvived }: Verdict, style: Style): string {
  if (sound) return style("green", "VERDICT: sound. No two processes were ever in there at once.");
  if (visits.length === 0) return style("red", "VERDICT: void. Nobody ever got in.");
  if (killsSurvived < kills) return style("red", "VERDICT: stuck. After a kill nobody got in any more.");
  return style("red", "VERDICT: broken. Processes disturbed each other.");
}

const HEADINGS = ["process", "pid", "visits", "median wait", "longest wait"] as const;

function table(visits: readonly Visit[], style: Style): string[] {
  const numbers = [...new Set(visits.map(({ process }) => process))].sort((a, b) => a - b);
  const rows = numbers.map((number) => {
    const own = visits.filter(({ process }) => process === number);
    const killed = own.some((visit) => visit.killed) ? " killed" : "";
    return [`${number}${killed}`, String(own[0]?.pid), ...figures(own)];
  });
  rows.push(["all", "", ...figures(visits)]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join("   ")}`;
  const rule = `  ${widths.map((width) => "-".repeat(width)).join("   ")}`;
  return [style("bold", line(HEADINGS)), rule, ...rows.slice(0, -1).map(line), rule, line(rows.at(-1)!)];
}

function figures(visits: readonly Visit[]): string[] {
  const waits = visits.map(({ waited }) => waited).sort((a, b) => a - b);
  const middle = waits[waits.length >> 1] ?? 0;
  return [String(visits.length), `${middle.toFixed(1)} ms`, `${(waits.at(-1) ?? 0).toFixed(1)} ms`];
}

function describe(overlap: Overlap | undefined): string {
  if (overlap === undefined) return "";
  const { inside, entered } = overlap;
  const after = (entered.entered - inside.entered).toFixed(1);
  const until = (inside.left - entered.entered).toFixed(1);
  const rest = Number.isFinite(inside.left) ? `left ${until} ms later` : "never left";
  return `first: process ${entered.process} entered ${after} ms after process ${inside.process}, which ${rest}`;
}
