/** Draws reports as SVG, by hand: hand-offs on a logarithmic axis, and the shares of processes. Measures nothing. */
import type { Report } from "./report.ts";

const WIDTH = 760;
const INK = "#1f2937";
const FAINT = "#6b7280";
const LINE = "#e5e7eb";
const OURS = "#2563eb";
const PEERS = "#9ca3af";

/** Of `rows` with p50 and p99 in microseconds. */
export function handOffChart(rows: Report["rows"], machine: string): string {
  const subjects = rows.map(({ name, p50, p99 }) => ({
    name,
    p50: Number(p50) / 1000,
    p99: Number(p99) / 1000,
  }));
  const [left, right, top, step] = [200, 650, 70, 34];
  const bottom = top + step * subjects.length;
  const decades = {
    from: Math.floor(Math.log10(Math.min(...subjects.map(({ p50 }) => p50)))),
    to: Math.ceil(Math.log10(Math.max(...subjects.map(({ p99 }) => p99)))),
  };
  const x = (milliseconds: number): number =>
    left + ((right - left) * (Math.log10(milliseconds) - decades.from)) / (decades.to - decades.from);

  const grid = Array.from({ length: decades.to - decades.from + 1 }, (_, index) => {
    const at = 10 ** (decades.from + index);
    return [
      line(x(at), top - 6, x(at), bottom, LINE),
      text(x(at), bottom + 18, `${+at.toPrecision(1)}`, middle),
    ];
  });
  const bars = subjects.map(({ name, p50, p99 }, index) => {
    const y = top + step * index;
    const centre = y + 11;
    return [
      text(left - 10, centre + 4, name, { anchor: "end" }),
      box(left, y, x(p50) - left, 22, colour(name)),
      line(x(p50), centre, x(p99), centre, INK),
      line(x(p99), centre - 5, x(p99), centre + 5, INK),
      text(x(p99) + 8, centre + 4, show(p50), { bold: true }),
    ];
  });
  const summary = subjects.map(({ name, p50, p99 }) => `${name} ${show(p50)}, p99 ${show(p99)}`).join("; ");
  return image(bottom + 70, {
    title: "How long a lock is nobody's: from the holder's unlock to the waiter's win",
    subtitle: "two processes; bar and figure: median, whisker: 99th percentile; shorter is better",
    ...{ summary, machine },
    body: [...grid, ...bars, text((left + right) / 2, bottom + 36, "milliseconds, logarithmic", middle)],
  });
}

/** Of the holds of each process, subject by subject. */
export function fairnessChart(series: NonNullable<Report["series"]>, machine: string): string {
  const subjects = Object.entries(series).map(([name, holds]) => ({
    name,
    holds: [...holds].sort((a, b) => a - b),
  }));
  const [left, right, top, bottom] = [70, 740, 70, 290];
  const most = Math.max(...subjects.flatMap(({ holds }) => holds));
  const step = roundStep(most / 5);
  const ticks = Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step);
  const y = (holds: number): number => bottom - ((bottom - top) * holds) / ticks.at(-1)!;
  const group = (right - left) / subjects.length;

  const grid = ticks.map((tick) => [
    line(left, y(tick), right, y(tick), LINE),
    text(left - 8, y(tick) + 4, String(tick), { anchor: "end" }),
  ]);
  const bars = subjects.map(({ name, holds }, index) => {
    const [from, width] = [left + group * (index + 0.1), (group * 0.8) / holds.length];
    const centre = left + group * (index + 0.5);
    return [
      ...holds.map((each, place) => {
        const height = Math.max(bottom - y(each), 1); // none at all is seen, too
        return box(from + place * width, bottom - height, width - 2, height, colour(name));
      }),
      text(centre, bottom + 20, name, middle),
      text(centre, bottom + 37, `${holds[0]!} to ${holds.at(-1)!}`, { anchor: "middle", bold: true }),
    ];
  });
  const summary = subjects.map(({ name, holds }) => `${name}: ${holds.join(", ")}`).join("; ");
  const processes = subjects[0]?.holds.length ?? 0;
  return image(bottom + 74, {
    title: `Who gets the lock: ${processes} processes that all want it all the time`,
    subtitle: "holds of each process, fewest first, holds of 5 ms; the evener the fairer",
    ...{ summary, machine },
    body: [
      ...grid,
      ...bars,
      `<g transform="rotate(-90 20 180)">${text(20, 180, "holds of a process", middle)}</g>`,
    ],
  });
}

interface Image {
  readonly title: string;
  readonly subtitle: string;
  /** For those who cannot see it. */
  readonly summary: string;
  readonly machine: string;
  readonly body: readonly (string | readonly string[])[];
}

/** On a background of its own, so that it is readable on a dark page. */
function image(height: number, { title, subtitle, summary, machine, body }: Image): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title summary" font-family="system-ui, sans-serif" font-size="13">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="summary">${escape(summary)}</desc>`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    text(20, 28, title, { bold: true }),
    text(20, 47, subtitle, { fill: FAINT }),
    ...body.flat(),
    text(20, height - 12, machine, { fill: FAINT, size: 10 }),
    "</svg>",
    "",
  ].join("\n");
}

interface TextStyle {
  readonly anchor?: "start" | "middle" | "end";
  readonly bold?: boolean;
  readonly fill?: string;
  readonly size?: number;
}

const middle: TextStyle = { anchor: "middle" };

function text(x: number, y: number, content: string, style: TextStyle): string {
  const { anchor = "start", bold = false, fill = INK, size } = style;
  const weight = bold ? ' font-weight="600"' : "";
  const fontSize = size === undefined ? "" : ` font-size="${size}"`;
  return `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}" fill="${fill}"${weight}${fontSize}>${escape(content)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string): string {
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${stroke}"/>`;
}

function box(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" fill="${fill}"/>`;
}

function colour(name: string): string {
  return name.startsWith("holdfast") ? OURS : PEERS;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function show(milliseconds: number): string {
  return `${+milliseconds.toPrecision(2)} ms`;
}

/** The least of 1, 2, 5, 10, 20 … that is not below `least`. */
function roundStep(least: number): number {
  const decade = 10 ** Math.max(0, Math.floor(Math.log10(least)));
  return [1, 2, 5, 10].map((factor) => factor * decade).find((step) => step >= least) ?? decade;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
