// An empty project in a directory of its own, on a machine as a row of the table describes it.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Ended, Log } from "./command.ts";
import { managers, type Manager, type ManagerName } from "./managers.ts";
import { COMPILERS, environmentOf } from "./toolbox.ts";

const root = join(import.meta.dirname, "../..");
const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  devDependencies: Record<string, string>;
};

const readme = readFileSync(join(root, "README.md"), "utf8");

/** What all rows have in common, and the log of one. */
export interface Workshop {
  /** A directory that goes when all is over. */
  readonly directory: string;
  readonly bareMachine: string;
  /** The package, as it would be published. */
  readonly tarball: string;
  readonly log: Log;
}

export interface Plan {
  /** What the row is called. */
  readonly name: string;
  readonly manager: ManagerName;
  /** Whether there is what builds a native module; false where left out. */
  readonly compiler?: boolean;
  /** The directory of the project; one without anything odd in its name where left out. */
  readonly directory?: string;
}

export class Project {
  readonly manager: Manager;
  readonly log: Log;
  readonly directory: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(manager: Manager, log: Log, directory: string, env: NodeJS.ProcessEnv) {
    this.manager = manager;
    this.log = log;
    this.directory = directory;
    this.#env = env;
  }

  /** Makes one that is to use the package, and has not installed it yet. */
  static async create(
    { name, manager: managerName, compiler = false, directory = "project" }: Plan,
    { directory: base, bareMachine, tarball, log }: Workshop,
  ): Promise<Project> {
    const manager: Manager = managers[managerName];
    const row = name.replaceAll(/[^\w]+/g, "-");
    const path = join(base, row, directory);
    mkdirSync(path, { recursive: true });
    const commands = join(path, "../bin");
    const env = await environmentOf({ manager, compiler, commands, bareMachine, row }, log);
    const project = new Project(manager, log, path, env);
    copyFileSync(tarball, join(path, basename(tarball)));
    project.write({ ...manager.files });
    project.dependOn({ holdfast: `file:./${basename(tarball)}` });
    if (!compiler) await project.#assertNoCompiler();
    return project;
  }

  /** Writes files, by their paths in it. */
  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.directory, name), text);
  }

  dependOn(dependencies: Readonly<Record<string, string>>): void {
    const types = { "@types/node": devDependencies["@types/node"]! };
    this.write({
      "package.json": JSON.stringify({
        name: "project",
        version: "1.0.0",
        private: true,
        dependencies: { ...dependencies, ...types },
      }),
    });
  }

  /** Installs what package.json lists. */
  async install(more: readonly string[]): Promise<void> {
    await this.shell([this.#install, ...more].join(" "));
  }

  /** Says no to the scripts with the command of the README, after which installing leaves nothing to ask. */
  async denyScripts(): Promise<void> {
    const { deny, complaint } = this.manager;
    if (deny === undefined || complaint === undefined) return;
    if (!readme.includes(`\`${deny}\``)) throw new Error(`The README does not say \`${deny}\``);
    await this.shell(deny);
    const { exitCode, output } = await this.#run(["sh", "-c", this.#install]);
    if (exitCode !== 0 || output.includes(complaint)) throw new Error(`\`${deny}\` does not settle it`);
  }

  get #install(): string {
    return [this.manager.command, ...this.manager.install].join(" ");
  }

  /** Throws where a line for the shell ends with anything but 0, unless a script that was not allowed is all that is said. */
  async shell(line: string): Promise<void> {
    const { exitCode, output } = await this.#run(["sh", "-c", line]);
    const { complaint } = this.manager;
    if (exitCode === 0 || (complaint !== undefined && output.includes(complaint))) return;
    throw new Error(`\`${line}\` ended with ${String(exitCode)}`);
  }

  /** Runs Node with these arguments, in the way of the manager. */
  node(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return this.#run([...(this.manager.node ?? ["node"]), ...args], more);
  }

  #run(words: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return this.log.run(words, { cwd: this.directory, env: { ...this.#env, ...more } });
  }

  /** Asks as an install script would: by the PATH. */
  async #assertNoCompiler(): Promise<void> {
    const script = `const { spawnSync } = require("node:child_process");
      console.log(process.argv.slice(1).filter((name) => spawnSync(name, ["--version"]).error?.code !== "ENOENT").join());`;
    const { stdout } = await this.#run(["node", "-e", script, ...COMPILERS]);
    if (stdout !== "\n") throw new Error(`Expected no compiler on the PATH, found ${stdout.trim()}`);
  }
}
