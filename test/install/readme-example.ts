// The first example of the README as a program, in each of the ways in which a program gets at the package; and what
// tells that it did what it says.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { parsePage } from "../support/markdown.ts";
import type { Ended } from "./command.ts";
import type { Project } from "./project.ts";

const root = join(import.meta.dirname, "../..");
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const IMPORT = 'import { FileLock } from "holdfast";';

const example = parsePage(readFileSync(join(root, "README.md"), "utf8")).fences.find(
  ({ language }) => language === "ts",
)!.text;
if (!example.includes(IMPORT)) throw new Error(`The first example of the README has no line \`${IMPORT}\``);

export type WayIn = "import" | "require" | "TypeScript, nodenext" | "TypeScript, bundler";

/**
 * The example does not say what `rebuild` is. Here, it asks in a second process whether the directory is guarded, and
 * prints what that says.
 */
const STAND_IN = `const { spawnSync } = require("node:child_process");
globalThis.rebuild = async (directory) => {
  const { stdout, stderr } = spawnSync(process.execPath, [__dirname + "/passer-by.cjs", directory], { encoding: "utf8" });
  console.log("while it works, the directory is " + (stdout.trim() || stderr));
};
`;

const PASSER_BY = `import("holdfast").then(({ FileLock }) => {
  console.log(FileLock.inDirectory(process.argv[2]).tryAcquireSync() === undefined ? "guarded" : "free");
});
`;

/** Does not compile where the package has no types, or others. */
const TYPES_ARE_THERE = `
// @ts-expect-error -- a path is no number
export const wrong = (): unknown => new FileLock(42);
`;

const TYPES = "declare function rebuild(directory: string): Promise<void>;\n";

/** Writes the example into a project, makes a program of it, and runs it. Throws where it does not do what it says. */
export async function tryExample(project: Project, wayIn: WayIn, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const program = await programFor(project, wayIn);
  const { exitCode, stdout } = await runProgram(project, program, env);
  if (exitCode !== 0) throw new Error(`The example ended with ${String(exitCode)}`);
  const expected = "while it works, the directory is guarded\n";
  if (stdout !== expected) throw new Error(`The example printed ${JSON.stringify(stdout)}`);
  const after = await project.node(["passer-by.cjs", "shared/build"]);
  if (after.stdout !== "free\n") throw new Error("The directory is not free when the example has ended");
}

/** Runs a program that was written for it, and expects nothing of it. */
export function runProgram(project: Project, program: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  return project.node(["--require", "./stand-in.cjs", program], env);
}

/** Writes the example into a project, and returns the name of the file that Node is to run. */
export async function programFor(project: Project, wayIn: WayIn): Promise<string> {
  project.write({ "stand-in.cjs": STAND_IN, "passer-by.cjs": PASSER_BY });
  switch (wayIn) {
    case "import":
      project.write({ "program.mjs": example });
      return "program.mjs";
    case "require": {
      const [line, required] = [IMPORT, 'const { FileLock } = require("holdfast");'];
      project.write({ "program.cjs": `(async () => {\n${example.replace(line, required)}\n})();\n` });
      return "program.cjs";
    }
    case "TypeScript, nodenext":
      await compile(project, { module: "nodenext", outDir: "built" });
      return "built/program.mjs";
    case "TypeScript, bundler":
      await compile(project, { module: "esnext", moduleResolution: "bundler", noEmit: true });
      await build({
        absWorkingDir: project.directory,
        entryPoints: ["program.mts"],
        bundle: true,
        platform: "node",
        format: "esm",
        outfile: "built/bundle.mjs",
      });
      return "built/bundle.mjs";
  }
}

async function compile(project: Project, options: object): Promise<void> {
  const compilerOptions = { strict: true, target: "es2022", lib: ["es2022"], types: ["node"], ...options };
  project.write({
    "program.mts": example + TYPES_ARE_THERE,
    "stand-in.d.ts": TYPES,
    "tsconfig.json": JSON.stringify({ compilerOptions, files: ["program.mts", "stand-in.d.ts"] }),
  });
  const { exitCode } = await project.node([tsc, "-p", "."]);
  if (exitCode !== 0) throw new Error("tsc refuses the example");
}
