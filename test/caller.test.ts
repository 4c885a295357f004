// After which file a lock is named that was given no name: the one that says `new`, whatever way that file is run.
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "./support/directory.ts";

const dist = fileURLToPath(new URL("../dist/index.js", import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const IMPORT = `import { ProcessLock } from ${JSON.stringify(pathToFileURL(dist).href)};`;
const REQUIRE = `const { ProcessLock } = require(${JSON.stringify(dist)});`;
const LOG = "console.log(new ProcessLock().name);";

/** Writes the files into a new directory, runs the first one, and returns what it prints and where it is. */
function run(files: Record<string, string>, ...nodeOptions: string[]): [printed: string, path: string] {
  const directory = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const path = join(directory, Object.keys(files)[0]!);
  return [execFileSync(process.execPath, [...nodeOptions, path], { encoding: "utf8" }).trim(), path];
}

describe("is that of", () => {
  test.each([
    ["an ES module", "main.mjs", `${IMPORT} ${LOG}`, []],
    ["one with blanks and signs in its path", "a b#c%20é.mjs", `${IMPORT} ${LOG}`, []],
    ["a CommonJS module", "main.cjs", `${REQUIRE} ${LOG}`, []],
    ["TypeScript through tsx", "main.mts", `${IMPORT} const n: number = 1;\n\n${LOG}`, ["--import", tsx]],
    [
      "CommonJS TypeScript through tsx",
      "main.cts",
      `${REQUIRE} const n: number = 1;\n${LOG}`,
      ["--require", createRequire(import.meta.url).resolve("tsx/cjs")],
    ],
    ["a program with source maps on", "main.mjs", `${IMPORT} ${LOG}`, ["--enable-source-maps"]],
    ["a program that keeps no stacks", "main.mjs", `${IMPORT} Error.stackTraceLimit = 0; ${LOG}`, []],
    ["a program without stacks", "main.mjs", `${IMPORT} delete Error.stackTraceLimit; ${LOG}`, []],
    [
      "a program that prepares its stacks itself, and goes on to",
      "main.mjs",
      `${IMPORT} Error.prepareStackTrace = () => "mine"; ${LOG} if (new Error().stack !== "mine") throw 1;`,
      [],
    ],
    [
      "a function in it, and a callback",
      "main.mjs",
      `${IMPORT} const f = () => [1].map(() => { ${LOG} }); f();`,
      [],
    ],
    [
      "a class that makes one in its constructor",
      "main.mjs",
      `${IMPORT} class App { constructor() { ${LOG} } } new App();`,
      [],
    ],
  ])("%s", (_, name, text, options) => {
    const [printed, path] = run({ [name]: text }, ...options);
    expect(printed).toBe(path);
  });

  test("the file that runs, and not the one that its source map names", () => {
    const map = JSON.stringify({ version: 3, sources: ["other.ts"], names: [], mappings: "AAAA;AACA" });
    const [printed, path] = run(
      { "main.mjs": `${IMPORT}\n${LOG}\n//# sourceMappingURL=main.mjs.map`, "main.mjs.map": map },
      "--enable-source-maps",
    );
    expect(printed).toBe(path);
  });

  test.each([
    ["has no constructor", ""],
    ["has one", "constructor() { super(); }"],
  ])("the file that makes a subclass, which %s, and not of the subclass", (_, body) => {
    const main = `import { B } from "./b.mjs"; console.log(new B().name);`;
    const a = `${IMPORT} export class A extends ProcessLock { ${body} }`;
    for (const b of ["", "constructor() { super(); }"]) {
      const files = {
        "main.mjs": main,
        "a.mjs": a,
        "b.mjs": `import { A } from "./a.mjs"; export class B extends A { ${b} }`,
      };
      const [printed, path] = run(files);
      expect(printed).toBe(path);
    }
  });

  test("a subclass in the same file", () => {
    const [printed, path] = run({
      "main.mjs": `${IMPORT} class A extends ProcessLock {} console.log(new A().name);`,
    });
    expect(printed).toBe(path);
  });

  test("a worker", () => {
    const main = `import { Worker } from "node:worker_threads"; new Worker(new URL("worker.mjs", import.meta.url));`;
    const [printed, path] = run({ "main.mjs": main, "worker.mjs": `${IMPORT} ${LOG}` });
    expect(printed).toBe(path.replace("main", "worker"));
  });
});

describe("is missing, and asked for, in", () => {
  const MESSAGE =
    'TypeError: Cannot name a ProcessLock after the file that makes it: it is not made in a file. Give it a name: new ProcessLock({ name: "…" })';
  const REPORT = `try { new ProcessLock(); } catch (error) { console.log(String(error)); }`;

  test.each([
    ["--eval", ["--eval", `${REQUIRE} ${REPORT}`]],
    ["--eval of an ES module", ["--input-type=module", "--eval", `${IMPORT} ${REPORT}`]],
    [
      "a data: URL",
      [
        "--input-type=module",
        "--eval",
        `import(${JSON.stringify(`data:text/javascript,${IMPORT}${REPORT}`)})`,
      ],
    ],
  ])("%s", (_, args) => {
    expect(execFileSync(process.execPath, args, { encoding: "utf8" }).trim()).toBe(MESSAGE);
  });

  test("the REPL", () => {
    const input = `${REQUIRE}\n${REPORT}\n`;
    const { stdout } = spawnSync(process.execPath, ["--interactive"], {
      input,
      encoding: "utf8",
      timeout: 10_000,
    });
    expect(stdout).toContain(MESSAGE);
  });

  test("eval in a file", () => {
    const [printed] = run({ "main.cjs": `${REQUIRE} eval(${JSON.stringify(REPORT)});` });
    expect(printed).toBe(MESSAGE);
    const made = `${REQUIRE} new Function("ProcessLock", ${JSON.stringify(REPORT)})(ProcessLock);`;
    const [indirect] = run({ "main.cjs": made });
    expect(indirect).toBe(MESSAGE);
  });
});
