// How much of it: each test here has a short form, which belongs to the ordinary suite, and a long one
// (`npm run test:stress`). What it finds out in figures it notes here. Knows no test.
import { appendFileSync } from "node:fs";

/** Whether this is the long form. */
export const isLong = process.env["HOLDFAST_STRESS"] === "long";

/** The first in the short form, the second in the long one. */
export function scaled<Value>(short: Value, long: Value): Value {
  return isLong ? long : short;
}

/** One line of the table in docs/reliability.md. */
export interface Figure {
  /** Which test file it comes from: its name without the ending. */
  readonly chapter: string;
  readonly what: string;
  /** With its unit. */
  readonly figure: string;
}

/** Notes a figure where the long form is run; the short form says nothing. */
export function noteFigure(figure: Figure): void {
  const file = process.env["HOLDFAST_FIGURES"];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(figure)}\n`);
}
