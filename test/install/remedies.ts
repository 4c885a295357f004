// The commands that the error names where no back end loads: each is read from the error itself, run as it stands
// there, and has to help.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Project, type Plan, type Workshop } from "./project.ts";
import { programFor, runProgram, tryExample } from "./readme-example.ts";

const OPTIONAL = ["fs-ext", "fs-ext-extra-prebuilt"];

/** Without the optional dependencies, the error names a command that installs one which needs no compiler. */
export async function tryToInstallAnother(plan: Plan, workshop: Workshop): Promise<void> {
  const project = await Project.create(plan, workshop);
  const { omitOptional, ignoreScripts, labels } = project.manager;
  await project.install(omitOptional ?? ignoreScripts);
  if (omitOptional === undefined) remove(project, OPTIONAL);
  if (await hasFfi(project)) {
    await tryExample(project, "import"); // nothing is missing
    return;
  }
  await project.shell(remedyIn(await refusal(project), "install", labels[0]));
  await tryExample(project, "import");
}

/** Where scripts did not run, the error names a command that builds fs-ext. */
export async function tryToBuild(plan: Plan, workshop: Workshop): Promise<void> {
  const project = await Project.create({ ...plan, compiler: true }, workshop);
  const { ignoreScripts, labels } = project.manager;
  await project.install(ignoreScripts);
  const backEnd = { HOLDFAST_BACKEND: "fs-ext" };
  await project.shell(remedyIn(await refusal(project, backEnd), "build", labels[1]));
  await tryExample(project, "import", backEnd);
}

/** Whether this Node.js reaches flock(2) itself. */
async function hasFfi(project: Project): Promise<boolean> {
  const script = 'console.log(process.getBuiltinModule("node:ffi") !== undefined)';
  return (await project.node(["-e", script])).stdout === "true\n";
}

/** What the example says where no back end loads. */
async function refusal(project: Project, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { exitCode, output } = await runProgram(project, await programFor(project, "import"), env);
  if (exitCode !== 1 || !output.includes("Error: Cannot lock: "))
    throw new Error("Expected the example to be refused, with what to do");
  return output;
}

/** Below a line that begins with "To <purpose>", each line is the name of a manager, and its command. */
function remedyIn(error: string, purpose: "install" | "build", label: string): string {
  const lines = error.split("\n");
  const from = lines.findIndex((line) => line.startsWith(`To ${purpose} `));
  const line = lines.slice(from).find((text) => text.startsWith(`  ${label}  `));
  if (from < 0 || line === undefined)
    throw new Error(`The error names no command for ${label} to ${purpose}`);
  return line.slice(label.length + 2).trim();
}

/** For a manager that cannot leave them out. */
function remove(project: Project, packages: readonly string[]): void {
  for (const name of packages) rmSync(join(project.directory, "node_modules", name), { recursive: true });
}
