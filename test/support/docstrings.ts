// The docstrings of src/: the examples in them, and which part of the public API they stand at.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import type { Snippet } from "./snippets.ts";

const root = join(import.meta.dirname, "../..");
const source = join(root, "src");

/** A tag such as `@returns`, and not a decorator such as `@lock.wrap`. */
const TAG = /^@[a-z]+(?![\w.(])/i;

/** Every `@example` of every docstring. */
export function examples(): Snippet[] {
  return readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => examplesIn(join("src", name)));
}

function examplesIn(file: string): Snippet[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/\/\*\*.*?\*\//gs)].flatMap(({ 0: comment, index }) => {
    const firstLine = text.slice(0, index).split("\n").length;
    const lines = comment.split("\n").map((line) => line.replace(/^\s*(?:\/\*\*|\*\/|\*) ?|\s*\*\/$/g, ""));
    return lines.flatMap((line, at): Snippet[] => {
      if (!/^@example\b/.test(line)) return [];
      const length = lines.slice(at + 1).findIndex((later) => TAG.test(later));
      const code = lines.slice(at + 1, length < 0 ? undefined : at + 1 + length).join("\n");
      return [{ file, line: firstLine + at + 1, code: code.trimEnd() }];
    });
  });
}

export interface PublicName {
  /** As its users write it: `FileLock`, `FileLock.acquire`, `detached`. */
  readonly name: string;
  readonly hasExample: boolean;
}

export interface PublicApi {
  /** What the package exports at run time. */
  readonly values: readonly string[];
  /** Every function and class that the package exports, with the methods of each class; what two inherit, at the first. */
  readonly names: readonly PublicName[];
}

export function publicApi(): PublicApi {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const index = join(source, "index.ts");
  const program = ts.createProgram([index], options);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(index)!)!;

  const values: string[] = [];
  const names: PublicName[] = [];
  const seen = new Set<ts.Declaration>();
  for (const exported of checker.getExportsOfModule(module)) {
    const { name } = exported;
    const symbol = checker.getAliasedSymbol(exported);
    if (!ts.isTypeOnlyImportOrExportDeclaration(exported.declarations![0]!)) values.push(name);
    if ((symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class)) === 0) continue;
    names.push({ name, hasExample: hasExample(symbol) });
    if ((symbol.flags & ts.SymbolFlags.Class) === 0) continue;
    for (const type of [checker.getDeclaredTypeOfSymbol(symbol), checker.getTypeOfSymbol(symbol)]) {
      for (const member of type.getProperties().filter((each) => isOwnMethod(each, checker))) {
        if (seen.has(member.valueDeclaration!)) continue;
        seen.add(member.valueDeclaration!);
        names.push({ name: `${name}.${member.name}`, hasExample: hasExample(member) });
      }
    }
  }
  return { values, names };
}

/** Not what a class inherits from the language, nor what is named by a symbol or only for its subclasses. */
function isOwnMethod(member: ts.Symbol, checker: ts.TypeChecker): boolean {
  const declaration = member.valueDeclaration;
  if (declaration?.getSourceFile().fileName.startsWith(source) !== true) return false;
  if (/^(?:__|#)/.test(ts.symbolName(member))) return false;
  if ((ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Protected) !== 0) return false;
  return checker.getTypeOfSymbol(member).getCallSignatures().length > 0;
}

function hasExample(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((declaration) =>
    ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === "example"),
  );
}
