/** What a measurement has to say, and how that is printed. Knows no measurement. */

export interface Row {
  readonly name: string;
  readonly [column: string]: number | string;
}

/** A figure that the project promises. */
export interface Target {
  readonly name: string;
  readonly figure: number;
  readonly is: "at most" | "at least";
  readonly limit: number;
  readonly unit: string;
}

export interface Report {
  readonly title: string;
  /** What was done, in a sentence or two. */
  readonly about: string;
  readonly rows: readonly Row[];
  readonly targets: readonly Target[];
  /** What a chart draws beyond the rows: not printed. */
  readonly series?: Readonly<Record<string, readonly number[]>>;
}

export interface Scale {
  /** As little as tells whether it works. */
  readonly quick: boolean;
  /** Whether a thousand processes may wait: that takes minutes and gigabytes. */
  readonly crowd: boolean;
  /** Where the lock files lie. */
  readonly directory: string;
}

export function isMet({ figure, is, limit }: Target): boolean {
  return is === "at most" ? figure <= limit : figure >= limit;
}

export function print({ title, about, rows, targets }: Report): string {
  return [title, "=".repeat(title.length), about, "", ...table(rows), "", ...targets.map(line), ""].join(
    "\n",
  );
}

function line(target: Target): string {
  const { name, figure, is, limit, unit } = target;
  const asked = `${is} ${show(limit)}${unit}`;
  return `  ${isMet(target) ? "met   " : "MISSED"}  ${name}: ${show(figure)}${unit}, asked ${asked}`;
}

function table(rows: readonly Row[]): string[] {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = rows.map((row) => columns.map((column) => show(row[column] ?? "")));
  const head = columns.map((column) => (column === "name" ? "" : column));
  const widths = columns.map((_, index) => Math.max(...[head, ...cells].map((each) => each[index]!.length)));
  return [head, ...cells].map((each) => {
    const padded = each.map((cell, index) =>
      index === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[index]!),
    );
    return `  ${padded.join("  ")}`.trimEnd();
  });
}

/** Three digits that count, or more before the point. */
function show(value: number | string): string {
  if (typeof value === "string") return value;
  if (!Number.isFinite(value)) return String(value);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1)));
  return value.toFixed(Math.min(digits, 4));
}
