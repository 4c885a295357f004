// A copy of the project that may be broken: what it consists of, and how a mutation gets into it.
import {
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";
import type { Edit, Mutant } from "./mutant.ts";

const root = join(import.meta.dirname, "../..");
const PARTS = ["src", "test", "package.json", "tsconfig.json", "tsconfig.build.json", "vitest.config.ts"];

/** The configuration for vitest in a copy. It does not build: dist is there, file by file, and tsc would refuse some mutants. */
export const CONFIG = "vitest.mutants.config.ts";
const CONFIG_TEXT = `import config from "./vitest.config.ts";
export default { ...config, cacheDir: ".vite", test: { ...config.test, globalSetup: [] } };
`;

/** A directory for copies, and one in it that is not mutated. */
export function newCopies(): { readonly directory: string; readonly unmutated: string } {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-mutants-"));
  const unmutated = join(directory, "unmutated");
  for (const part of PARTS) cpSync(join(root, part), join(unmutated, part), { recursive: true });
  writeFileSync(join(unmutated, CONFIG), CONFIG_TEXT);
  linkInstalled(unmutated);
  for (const file of readdirSync(join(unmutated, "src"), { recursive: true, encoding: "utf8" })) {
    if (file.endsWith(".ts")) build(unmutated, file);
  }
  return { directory, unmutated };
}

/** A copy of the copy, for one that tries mutants. */
export function copyOf(unmutated: string, copy: string): void {
  mkdirSync(copy);
  for (const part of [...PARTS, CONFIG, "dist"]) linkAll(join(unmutated, part), join(copy, part));
  linkInstalled(copy);
}

/** Puts the mutation into the copy, and returns the path of the file that it is in. Throws where it does not fit the source. */
export function mutate(copy: string, { file, edits }: Pick<Mutant, "file" | "edits">): string {
  const path = join(copy, "src", file);
  replace(path, edited(readFileSync(path, "utf8"), edits));
  build(copy, file);
  return path;
}

/** Takes the mutation out again. */
export function restore(unmutated: string, copy: string, { file }: Mutant): void {
  for (const part of [join("src", file), builtAs(file)]) {
    rmSync(join(copy, part));
    linkSync(join(unmutated, part), join(copy, part));
  }
}

function linkInstalled(copy: string): void {
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  symlinkSync("dist", join(copy, "build")); // what tests look into there, and what they import, is one
}

/** Hard links: to copy what is not mutated would take as long as many a test. */
function linkAll(from: string, to: string): void {
  if (!statSync(from).isDirectory()) {
    linkSync(from, to);
    return;
  }
  mkdirSync(to);
  for (const name of readdirSync(from)) linkAll(join(from, name), join(to, name));
}

/** A new file: what was there may be that of all the other copies too. */
function replace(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  writeFileSync(path, text);
}

function edited(source: string, edits: readonly Edit[]): string {
  return edits.reduce((text, [search, replacement]) => {
    const found = [...text.matchAll(loose(search))];
    if (found.length !== 1)
      throw new Error(`\`${search}\` is there ${String(found.length)} times, and not once`);
    return text.replace(loose(search), () => replacement);
  }, source);
}

/** As the formatter may break lines anywhere, white space counts only where it keeps two words apart. */
function loose(search: string): RegExp {
  const tokens = search.match(/\w+|[^\w\s]/g) ?? [];
  return new RegExp(
    tokens
      .map((token, index) => {
        const apart = index > 0 && /\w$/.test(tokens[index - 1]!) && /^\w/.test(token);
        const between = index === 0 ? "" : apart ? "\\s+" : "\\s*";
        return between + token.replace(/\W/g, "\\$&");
      })
      .join(""),
    "g",
  );
}

/** Takes the types away, and asks nothing of them: a mutant need not make sense to the compiler. */
function build(copy: string, file: string): void {
  const { outputText, diagnostics = [] } = ts.transpileModule(readFileSync(join(copy, "src", file), "utf8"), {
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
    },
  });
  if (diagnostics[0] !== undefined) {
    throw new Error(`It is no program: ${ts.flattenDiagnosticMessageText(diagnostics[0].messageText, " ")}`);
  }
  replace(join(copy, builtAs(file)), outputText);
}

function builtAs(file: string): string {
  return join("dist", file.replace(/\.ts$/, ".js"));
}
