// Code out of the documentation as programs of their own: where they live, whether they compile, what they do.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import * as standIns from "./stand-ins.ts";

const root = join(import.meta.dirname, "../..");
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

const MOST_MS = 20_000;
/** Printed after the last line of a snippet: whoever ends early does not pass for whole. */
const THE_END = "-- the end of the snippet --";

/** A piece of code, and where a reader finds it. */
export interface Snippet {
  /** The page or source file, from the root of the repository. */
  readonly file: string;
  /** The number of its first line there, from 1. */
  readonly line: number;
  readonly code: string;
  /** What makes a program of it: stands before and behind the code, in lines of their own. */
  readonly frame?: readonly [before: string, behind: string];
}

export interface Run {
  readonly exitCode: unknown;
  /** Without the mark that the snippet has reached its end. */
  readonly stdout: string;
  readonly stderr: string;
  readonly reachedItsEnd: boolean;
}

/**
 * Snippets that were written to one directory each, inside the repository and outside of node_modules: only there
 * does `import … from "holdfast"` mean this package. Each stands in the line that it has in its page, so that the line
 * number of an error is that of the page.
 */
export class WrittenSnippets {
  readonly #directory: string;
  readonly #files = new Map<Snippet, string>();

  constructor(snippets: readonly Snippet[], { globals = "" } = {}) {
    const all = join(root, ".snippets");
    mkdirSync(all, { recursive: true });
    this.#directory = mkdtempSync(join(all, "run-"));
    for (const [index, snippet] of snippets.entries()) {
      const file = join(this.#directory, String(index + 1), `${basename(snippet.file)}.ts`);
      mkdirSync(dirname(file));
      writeFileSync(file, program(snippet));
      this.#files.set(snippet, file);
    }
    this.#writeStandIns(globals);
  }

  /** What tsc says of them all, with the options of the repository; empty where they compile. */
  async typeErrors(): Promise<string> {
    const config = join(this.#directory, "tsconfig.json");
    const files = [
      "globals.d.ts",
      ...[...this.#files.values()].map((file) => relative(this.#directory, file)),
    ];
    const base = relative(this.#directory, join(root, "tsconfig.json"));
    writeFileSync(config, JSON.stringify({ extends: base, files, include: [] }));
    const { stdout, stderr } = await node([tsc, "--noEmit", "--pretty", "false", "-p", config], root);
    const pageOf = new Map([...this.#files].map(([{ file }, written]) => [relative(root, written), file]));
    return (stdout + stderr).replace(/^\S+(?=\(\d+,\d+\))/gm, (written) => pageOf.get(written) ?? written);
  }

  /** Runs one as a process of its own, in its own directory. */
  async run(snippet: Snippet): Promise<Run> {
    const file = this.#files.get(snippet)!;
    const preload = join(this.#directory, "globals.ts");
    const run = await node(["--import", "tsx", "--import", preload, file], dirname(file));
    const [stdout, rest] = run.stdout.split(`${THE_END}\n`) as [string, string | undefined];
    return { ...run, stdout: stdout + (rest ?? ""), reachedItsEnd: rest !== undefined };
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }

  /** The exports of stand-ins.ts as globals, for the compiler and at run time. */
  #writeStandIns(more: string): void {
    const path = JSON.stringify(relative(this.#directory, join(import.meta.dirname, "stand-ins.ts")));
    const types = Object.keys(standIns).map((name) => `const ${name}: typeof import(${path}).${name};`);
    writeFileSync(
      join(this.#directory, "globals.d.ts"),
      `export {};\ndeclare global {\n${types.join("\n")}\n${more}\n}\n`,
    );
    writeFileSync(
      join(this.#directory, "globals.ts"),
      `import * as standIns from ${path};\nObject.assign(globalThis, standIns);\n`,
    );
  }
}

function program({ line, code, frame: [before, behind] = ["", ""] }: Snippet): string {
  const theEnd = `;console.log(${JSON.stringify(THE_END)});`;
  return `${before}${"\n".repeat(line - 1)}${code}\n${behind}${theEnd}\nexport {};\n`;
}

function node(args: string[], cwd: string): Promise<Omit<Run, "reachedItsEnd">> {
  // Node warns on stderr where both variables are set.
  const env = { ...process.env, NODE_OPTIONS: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined };
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: MOST_MS, killSignal: "SIGKILL" } as const;
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : (error.code ?? error.signal), stdout, stderr });
    });
  });
}
