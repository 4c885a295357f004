/**
 * `npm run bench`: what the lock costs, beside what else there is, in one run. Measures the built package. Only the
 * ratios mean anything on another machine.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fairnessChart, handOffChart } from "./chart.ts";
import { crowd } from "./crowd.ts";
import { endings } from "./endings.ts";
import { fairness } from "./fairness.ts";
import { handOff } from "./hand-off.ts";
import { machine, versions } from "./machine.ts";
import { memory } from "./memory.ts";
import { packageFigures } from "./package.ts";
import { queue } from "./queue.ts";
import { isMet, print, type Report, type Scale } from "./report.ts";
import { hasStrace, systemCalls } from "./system-calls.ts";
import { tasks } from "./tasks.ts";
import { uncontended } from "./uncontended.ts";

const MEASUREMENTS: Record<string, (scale: Scale) => Promise<Report>> = {
  uncontended,
  "system-calls": systemCalls,
  queue,
  memory,
  endings,
  "hand-off": handOff,
  fairness,
  tasks,
  crowd,
  package: packageFigures,
};

const USAGE = `Usage: npm run bench -- [options] [measurement ...]

  measurement      ${Object.keys(MEASUREMENTS).join(", ")}; default: all
  --quick          as little as shows that it works; the figures mean nothing
  --crowd          let a thousand processes wait, too: minutes, and some 20 GB of memory
  --directory <d>  where the lock files lie; default: the temporary directory
  --help           print this

A full run is written to bench/results/ as JSON, and drawn to docs/charts/.
`;

/** As in sysexits.h. */
const EX_USAGE = 64;

function commandLine() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      crowd: { type: "boolean", default: false },
      directory: { type: "string", default: tmpdir() },
      help: { type: "boolean", default: false },
    },
  });
  const unknown = positionals.find((name) => !Object.hasOwn(MEASUREMENTS, name));
  if (unknown !== undefined) throw new Error(`There is no measurement '${unknown}'`);
  if (values.quick && values.crowd) throw new Error("--quick and --crowd exclude each other");
  return { ...values, names: positionals.length > 0 ? positionals : Object.keys(MEASUREMENTS) };
}

async function main(): Promise<number> {
  let options: ReturnType<typeof commandLine>;
  try {
    options = commandLine();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return EX_USAGE;
  }
  const { quick, crowd, names, help } = options;
  if (help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const directory = mkdtempSync(join(realpathSync(options.directory), "holdfast-bench-"));
  try {
    const about = { machine: machine(directory), versions: versions() };
    process.stdout.write(`${describe(about.machine)}\n${describe(about.versions)}\n\n`);
    const reports = new Map<string, Report>();
    for (const name of names) {
      if (name === "system-calls" && (quick || !hasStrace())) continue;
      const report = await MEASUREMENTS[name]!({ quick, crowd, directory });
      reports.set(name, report);
      process.stdout.write(`${print(report)}\n`);
    }
    const targets = [...reports.values()].flatMap((report) => report.targets);
    process.stdout.write(`${targets.filter(isMet).length} of ${targets.length} targets met.\n`);
    const isFull = !quick && names.length === Object.keys(MEASUREMENTS).length;
    if (isFull) {
      save({ ...about, reports: [...reports.values()] });
      draw(reports, describe(about.machine));
    }
    return 0;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function describe(facts: Record<string, string | number>): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}

function save(run: object): void {
  const date = new Date().toISOString();
  const results = fileURLToPath(new URL("results", import.meta.url));
  const file = join(results, `${date.slice(0, 10)}-node${process.versions.node}.json`);
  mkdirSync(results, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ date, ...run }, null, 2)}\n`);
  process.stdout.write(`Written to ${file}\n`);
}

function draw(reports: ReadonlyMap<string, Report>, machine: string): void {
  const charts = fileURLToPath(new URL("../docs/charts", import.meta.url));
  const about = `${new Date().toISOString().slice(0, 10)}, node ${process.versions.node}, ${machine}`;
  mkdirSync(charts, { recursive: true });
  writeFileSync(join(charts, "hand-off.svg"), handOffChart(reports.get("hand-off")!.rows, about));
  writeFileSync(join(charts, "fairness.svg"), fairnessChart(reports.get("fairness")!.series ?? {}, about));
}

process.exitCode = await main();
