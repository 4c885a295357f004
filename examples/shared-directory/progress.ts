/**
 * What a run looks like while it lasts: on a terminal a few lines that are drawn again and again, elsewhere plain
 * lines, one a second. Only looks at the crew.
 */
import type { WriteStream } from "node:tty";
import { styleText } from "node:util";
import type { Worker } from "./crew.ts";

export interface Progress {
  /** Says something that stays. */
  readonly tell: (event: string) => void;
  readonly stop: () => void;
}

export type Style = (colour: "green" | "yellow" | "red" | "cyan" | "dim" | "bold", text: string) => string;

type Output = Pick<WriteStream, "write" | "columns" | "isTTY">;

export function styleFor(output: Output): Style {
  const coloured = output.isTTY && !process.env["NO_COLOR"];
  return (colour, text) => (coloured ? styleText(colour, text) : text);
}

export function progressOn(output: Output, workers: readonly Worker[]): Progress {
  return output.isTTY ? redrawn(output, workers) : plain(output, workers);
}

const EVERY_MS = { redrawn: 80, plain: 1000 };

function plain(output: Output, workers: readonly Worker[]): Progress {
  const seconds = stopwatch();
  const line = (text: string): void => void output.write(`${seconds()}  ${text}\n`);
  const timer = setInterval(() => {
    const each = workers.map(({ visits }) => visits);
    line(`${total(workers)} visits (${each.join(" + ")})`);
  }, EVERY_MS.plain);
  return {
    tell: line,
    stop: () => {
      clearInterval(timer);
    },
  };
}

function redrawn(output: Output, workers: readonly Worker[]): Progress {
  const style = styleFor(output);
  const seconds = stopwatch();
  let drawn = 0;
  const erase = (): void => void output.write(drawn > 0 ? `\x1b[${drawn}A\x1b[J` : "");
  const draw = (): void => {
    const most = Math.max(1, ...workers.map(({ visits }) => visits));
    const room = Math.max(8, Math.min(40, output.columns - 40));
    const lines = workers.map((worker) => row(worker, { most, room, style }));
    lines.push(style("dim", `  ${seconds()}, ${total(workers)} visits`));
    erase();
    output.write(`${lines.join("\n")}\n`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, EVERY_MS.redrawn);
  return {
    tell: (event) => {
      erase();
      drawn = 0;
      output.write(`${style("cyan", seconds())}  ${event}\n`);
      draw();
    },
    stop: () => {
      clearInterval(timer);
      draw();
    },
  };
}

interface RowOptions {
  readonly most: number;
  /** How many characters the longest bar may have. */
  readonly room: number;
  readonly style: Style;
}

const COLOURS = {
  visits: "green",
  midway: "red",
  killed: "red",
  waits: "yellow",
  rests: "dim",
  starts: "dim",
  ready: "dim",
  ended: "dim",
} as const;

function row({ number, pid, activity, visits }: Worker, { most, room, style }: RowOptions): string {
  const colour = COLOURS[activity];
  const bar = "#".repeat(Math.round((visits / most) * room));
  const name = `  process ${String(number).padEnd(3)}${String(pid).padStart(8)}  `;
  return `${name}${style(colour, activity.padEnd(7))} ${style(colour, bar)} ${visits}`;
}

function total(workers: readonly Worker[]): number {
  return workers.reduce((sum, { visits }) => sum + visits, 0);
}

function stopwatch(): () => string {
  const began = performance.now();
  return () => `${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s`;
}
