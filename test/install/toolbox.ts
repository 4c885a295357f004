// Programs out of the registry, each in its one version, and the PATH that a row of the table gets to see. What was
// fetched once stays below node_modules/.cache, and so do the caches of the package managers.
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join, sep } from "node:path";
import type { Log } from "./command.ts";
import { managers, type Manager } from "./managers.ts";

const root = join(import.meta.dirname, "../..");
const cache = join(root, "node_modules/.cache/holdfast-install");

/** The Node.js that the rows use. */
export const nodePath = realpathSync(process.env["HOLDFAST_NODE"] ?? process.execPath);

/** What a machine has that nobody has put a compiler on. */
const ORDINARY =
  "sh env basename cat chmod cp dirname expr grep head id ln ls mkdir mv pwd readlink rm sed sort tail touch tr uname".split(
    " ",
  );

/** What builds a native module. */
export const COMPILERS = [
  "make",
  "gmake",
  "cc",
  "gcc",
  "c++",
  "g++",
  "clang",
  "clang++",
  "python3",
  "python",
];

/** The directories of the PATH of this process, but for those that npm has put there. */
const ownDirectories = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((directory) => directory !== "" && !directory.includes(`node_modules${sep}.bin`));

interface Fetched {
  readonly package: string;
  readonly version: string;
  readonly entry: string;
}

const halfFetched = new Set<string>();

/** For the end of the process, when somebody may have been at it. */
export function removeHalfFetched(): void {
  for (const directory of halfFetched) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** Fetches a program, unless it is there, and tells where it starts. */
export async function fetched(tool: Fetched, log: Log): Promise<string> {
  const directory = join(cache, `${tool.package.replace("/", "+")}@${tool.version}`);
  const entry = join(directory, "node_modules", tool.entry);
  if (existsSync(entry)) return entry;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, "fetching-"));
  halfFetched.add(fresh);
  try {
    writeFileSync(join(fresh, "package.json"), '{ "private": true }');
    const install = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
    await log.runWell([...install, `${tool.package}@${tool.version}`], {
      cwd: fresh,
      // Not the settings of the npm that runs this, one of which may be where to install.
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
    });
    // Somebody else may have been quicker: what is there then is the same.
    if (!existsSync(entry)) renameSync(fresh, directory);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    halfFetched.delete(fresh);
  }
  return entry;
}

/** Makes in `directory` what all rows without a compiler share. */
export function layOutBareMachine(directory: string): void {
  mkdirSync(directory, { recursive: true });
  // A copy: from a link, some managers find their way to the directory of the original, with all that is beside it.
  cpSync(nodePath, join(directory, "node"));
  for (const name of ORDINARY) {
    const path = findOnPath(name);
    if (path !== undefined) symlinkSync(path, join(directory, name));
  }
}

export interface Machine {
  readonly manager: Manager;
  readonly compiler: boolean;
  /** Where what people type to start the manager is put. */
  readonly commands: string;
  readonly bareMachine: string;
  /** What the row is called: it has a home of its own, since not every manager shares its cache with a second one. */
  readonly row: string;
}

/** The environment of a row: a PATH, and a home in which nobody has set anything, and the caches of the last time are. */
export async function environmentOf(machine: Machine, log: Log): Promise<NodeJS.ProcessEnv> {
  const { manager, compiler, commands, bareMachine, row } = machine;
  const entry = await fetched(manager, log);
  mkdirSync(commands, { recursive: true });
  const node = join(compiler ? commands : bareMachine, "node");
  if (compiler) symlinkSync(nodePath, node);
  const words = manager.native === true ? [entry] : [node, entry];
  const script = join(commands, manager.command);
  if (manager.native === true) chmodSync(entry, 0o755);
  writeFileSync(script, `#!/bin/sh\nexec ${words.map(inShell).join(" ")} "$@"\n`, { mode: 0o755 });
  const home = join(cache, `home of ${row}`);
  mkdirSync(home, { recursive: true });
  return {
    ...passedOn(),
    HOME: home,
    YARN_CACHE_FOLDER: join(home, ".cache/yarn"), // else yarn 1 takes that of the machine, where the user is root
    PATH: [commands, ...(compiler ? await withCompilers(log) : [bareMachine])].join(delimiter),
  };
}

/** yarn 1 takes node-gyp from the npm beside its Node.js, and finds none where that stands alone. */
async function withCompilers(log: Log): Promise<readonly string[]> {
  const npm = await fetched(managers["npm 11"], log);
  return [join(dirname(npm), "node-gyp-bin"), ...ownDirectories];
}

/** How the network is reached, and where the headers of this Node.js are: settings of the machine, not of a user. */
function passedOn(): NodeJS.ProcessEnv {
  const headers = dirname(dirname(nodePath));
  const names =
    /^(https?_proxy|no_proxy|node_extra_ca_certs|ssl_cert_(file|dir)|npm_config_registry|tmpdir|lang)$/i;
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name))),
    ...(existsSync(join(headers, "include/node/node.h")) && { npm_config_nodedir: headers }),
  };
}

function findOnPath(name: string): string | undefined {
  return ownDirectories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A word as the shell reads it back. */
export function inShell(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
