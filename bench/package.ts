/** What the package weighs, and how long a program starts longer for importing it. Measures what `npm run build` made. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Report, Row, Scale } from "./report.ts";
import { median, ratio, sum } from "./statistics.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const BYTES_PER_KB = 1000;
const US_PER_MS = 1000;

const IMPORTS = {
  node: undefined,
  holdfast: "holdfast",
  "proper-lockfile": "proper-lockfile",
  "async-mutex": "async-mutex",
};
type Subject = keyof typeof IMPORTS;

interface Start {
  /** From the start of the process to its end, in milliseconds. */
  readonly wall: number;
  /** What it has had of the processors, in milliseconds. */
  readonly processor: number;
}

export function packageFigures({ quick }: Scale): Promise<Report> {
  const { rows: sizes, own, library } = weigh();
  const starts = startUp(quick ? 3 : 41);
  const beyondNode = (name: Subject, what: keyof Start): number[] =>
    starts[name].map((start, round) => start[what] - starts.node[round]![what]);
  const wall = (name: Subject): number[] => starts[name].map((start) => start.wall);
  return Promise.resolve({
    title: "Package",
    about:
      "Kilobytes of what is published. And milliseconds that a process takes from its start to its end, which only imports: " +
      "the medians of runs in turn; what is beyond Node.js alone; and how many times what it takes with proper-lockfile that is.",
    rows: [
      ...sizes,
      ...(Object.keys(IMPORTS) as Subject[]).map((name) => ({
        name: name === "node" ? "start of node" : `with import of ${name}`,
        ms: median(wall(name)),
        "beyond node": median(beyondNode(name, "wall")),
        "processor, beyond node": median(beyondNode(name, "processor")),
        "x proper-lockfile": ratio(wall(name), wall("proper-lockfile")),
      })),
    ],
    targets: [
      { name: "own code of the library", ...{ figure: library, is: "at most", limit: 60, unit: " KB" } },
      {
        name: "own code, with command line and declarations",
        ...{ figure: own, is: "at most", limit: 60, unit: " KB" },
      },
      {
        name: "import of holdfast, beyond the start of node",
        ...{ figure: median(beyondNode("holdfast", "wall")), is: "at most", limit: 15, unit: " ms" },
      },
    ],
  });
}

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

type Outputs = Record<string, { readonly inputs: Record<string, { readonly bytesInOutput: number }> }>;

function weigh(): { rows: Row[]; own: number; library: number } {
  const packing = ["pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel=error"];
  const [packed] = JSON.parse(execFileSync("npm", packing, { cwd: root, encoding: "utf8" })) as [Packed];
  const size = (pattern: RegExp): number =>
    sum(packed.files.filter(({ path }) => pattern.test(path)).map((file) => file.size)) / BYTES_PER_KB;

  const outputs = JSON.parse(readFileSync(`${root}/build/bundle.json`, "utf8")) as Outputs;
  const inputs = Object.entries(outputs["dist/index.js"]!.inputs);
  const foreign = inputs.filter(([path]) => path.includes("node_modules/"));
  const inside = sum(foreign.map(([, { bytesInOutput }]) => bytesInOutput)) / BYTES_PER_KB;

  const library = size(/^dist\/index\.js$/) - inside;
  const commandLine = size(/^dist\/cli\/.*\.js$/);
  const trial = size(/^dist\/native\/.*\.js$/);
  const declarations = size(/\.d\.ts$/);
  return {
    library,
    own: library + commandLine + trial + declarations,
    rows: [
      { name: "library", KB: library },
      { name: "packages inside it", KB: inside },
      { name: "command line", KB: commandLine },
      { name: "what doctor() runs", KB: trial },
      { name: "declarations", KB: declarations },
      { name: "source maps", KB: size(/\.map$/) },
      { name: "documents, licences, package.json", KB: size(/^(?!dist\/)/) },
      { name: "unpacked", KB: packed.unpackedSize / BYTES_PER_KB },
      { name: "tarball", KB: packed.size / BYTES_PER_KB },
    ],
  };
}

/** What each start took, by subject, in rounds of one start each. */
function startUp(rounds: number): Record<Subject, Start[]> {
  const starts: Record<Subject, Start[]> = {
    node: [],
    holdfast: [],
    "proper-lockfile": [],
    "async-mutex": [],
  };
  for (let round = -1; round < rounds; round++) {
    for (const [name, imported] of Object.entries(IMPORTS) as [Subject, string | undefined][]) {
      const start = startWith(imported);
      if (round >= 0) starts[name].push(start); // the one before brings the files into memory
    }
  }
  return starts;
}

function startWith(imported: string | undefined): Start {
  const script = `${imported === undefined ? "" : `import "${imported}";`}
    const { user, system } = process.cpuUsage();
    process.getBuiltinModule("node:fs").writeSync(1, String(user + system));`;
  const began = performance.now();
  const used = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: root,
    encoding: "utf8",
  });
  return { wall: performance.now() - began, processor: Number(used) / US_PER_MS };
}
