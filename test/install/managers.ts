// The package managers that are tried, each in one exact version: how it is started, and how it is told what a row of
// the table asks for. Knows nothing of what is installed.

export interface Manager {
  /** The package that it is, in the registry. */
  readonly package: string;
  readonly version: string;
  /** What starts it, below node_modules. Node runs it, unless it is `native`. */
  readonly entry: string;
  readonly native?: true;
  /** What people type. */
  readonly command: "npm" | "pnpm" | "yarn" | "bun";
  /** Files that a project has before anything is installed in it. */
  readonly files?: Readonly<Record<string, string>>;
  /** Installs what package.json lists. */
  readonly install: readonly string[];
  /** Added to that, where no script is to run, whatever the manager would do of itself. */
  readonly ignoreScripts: readonly string[];
  /** Added to that, to leave optional dependencies out; undefined where it cannot. */
  readonly omitOptional?: readonly string[];
  /** Starts a program with Node, where that takes more than Node. */
  readonly node?: readonly string[];
  /** Part of what it says where it waits to hear whether a script may run. pnpm ends with 1 then, and all is installed. */
  readonly complaint?: string;
  /** The command of the README that says no to the scripts, once and for all. */
  readonly deny?: string;
  /** By what the error names its remedies: the line to install another module, and the one to build `fs-ext`. */
  readonly labels: readonly [install: string, build: string];
}

const YARN_BERRY = {
  package: "@yarnpkg/cli-dist",
  version: "4.18.1",
  entry: "@yarnpkg/cli-dist/bin/yarn.js",
  command: "yarn",
  install: ["install"],
  ignoreScripts: ["--mode=skip-build"],
  labels: ["yarn", "yarn"],
} as const;

const NPM = {
  package: "npm",
  entry: "npm/bin/npm-cli.js",
  command: "npm",
  install: ["install", "--no-audit", "--no-fund"],
  ignoreScripts: ["--ignore-scripts"],
  omitOptional: ["--omit=optional"],
} as const;

/** The lock file keeps yarn from looking for the root of the project further up. */
const YARN_FILES = { "yarn.lock": "" };

const SETTINGS = "enableTelemetry: false\nenableImmutableInstalls: false\n";

export const managers = {
  "npm 11": { ...NPM, version: "11.21.2", labels: ["npm", "npm 11 and earlier"] },
  // It blocks install scripts. On Node.js 20 it warns that it wants a newer one, and works.
  "npm 12": {
    ...NPM,
    version: "12.2.0",
    complaint: "had install scripts blocked",
    deny: "npm install-scripts deny fs-ext fs-ext-extra-prebuilt",
    labels: ["npm", "npm"],
  },
  pnpm: {
    package: "pnpm",
    version: "12.21.0",
    entry: "pnpm/bin/pnpm.mjs",
    command: "pnpm",
    install: ["install", "--no-frozen-lockfile"],
    ignoreScripts: ["--ignore-scripts"],
    omitOptional: ["--no-optional"],
    complaint: "ERR_PNPM_IGNORED_BUILDS",
    deny: "pnpm approve-builds '!fs-ext' '!fs-ext-extra-prebuilt'",
    labels: ["pnpm", "pnpm"],
  },
  "yarn 1": {
    package: "yarn",
    version: "1.22.22",
    entry: "yarn/bin/yarn.js",
    command: "yarn",
    install: ["install"],
    ignoreScripts: ["--ignore-scripts"],
    omitOptional: ["--ignore-optional"],
    labels: ["yarn", "yarn 1"],
  },
  "yarn 4": {
    ...YARN_BERRY,
    files: { ...YARN_FILES, ".yarnrc.yml": `nodeLinker: node-modules\n${SETTINGS}` },
  },
  "yarn 4, Plug'n'Play": {
    ...YARN_BERRY,
    files: { ...YARN_FILES, ".yarnrc.yml": `nodeLinker: pnp\n${SETTINGS}` },
    node: ["yarn", "node"],
  },
  bun: {
    package: "bun",
    version: "1.4.5",
    entry: `@oven/bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}/bin/bun`,
    native: true,
    command: "bun",
    install: ["install"],
    ignoreScripts: ["--ignore-scripts"],
    omitOptional: ["--omit=optional"],
    labels: ["bun", "bun"],
  },
} as const satisfies Record<string, Manager>;

export type ManagerName = keyof typeof managers;
