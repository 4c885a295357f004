// What is published: which files, and how the bundle looks to those who use it.
import { build } from "esbuild";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { temporaryDirectory, temporaryLockFile } from "./support/directory.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { bundledPackages } = (await import(join(root, "layers.js"))) as { bundledPackages: string[] };
const index = pathToFileURL(join(root, "dist/index.js")).href;

type Outputs = Record<string, { imports: unknown[] }>;

/** What a module that imports the package prints. */
function run(text: string, ...args: string[]): { printed: string; path: string } {
  const path = join(temporaryDirectory(), "main.mjs");
  writeFileSync(path, `import * as holdfast from ${JSON.stringify(index)};\n${text}`);
  return { printed: execFileSync(process.execPath, [path, ...args], { encoding: "utf8" }).trim(), path };
}

describe("the tarball", () => {
  const packed = execFileSync(
    "npm",
    ["pack", "--dry-run", "--json", "--ignore-scripts", "--loglevel=error"],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
  const [{ files }] = JSON.parse(packed) as [{ files: { path: string; mode: number }[] }];
  const paths = files.map(({ path }) => path).sort();
  const read = (path: string): string => readFileSync(join(root, path), "utf8");

  test("has the library, the command line, one file of declarations, and documents", () => {
    const others = paths.filter((path) => !/\.map$|^docs\/|^dist\/cli\//.test(path));
    expect(others).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "THIRD-PARTY-LICENSES",
      "dist/index.d.ts",
      "dist/index.js",
      "dist/native/child.js",
      "package.json",
    ]);
    const commandLine = paths.filter((path) => path.startsWith("dist/cli/") && !path.endsWith(".map"));
    expect(commandLine).toContain("dist/cli/main.js");
    expect(commandLine.filter((path) => !/^dist\/cli\/(main|[a-z]+-[0-9A-Z]{8})\.js$/.test(path))).toEqual(
      [],
    );
    const documents = paths.filter((path) => path.startsWith("docs/"));
    expect(documents.filter((path) => !/^docs\/([a-z-]+\.md|charts\/[a-z-]+\.svg)$/.test(path))).toEqual([]);
  });

  test("has a source map beside each script, with the sources in it, and everything that scripts lead to", () => {
    for (const path of paths.filter((each) => each.endsWith(".js"))) {
      const text = read(path);
      const imported = [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map(([, to]) =>
        join(path, "..", to!),
      );
      expect(paths).toEqual(expect.arrayContaining([`${path}.map`, ...imported]));
      expect(text).toMatch(/\n\/\/# sourceMappingURL=[^/\n]+\.js\.map\n$/);
      const { sources, sourcesContent } = JSON.parse(read(`${path}.map`)) as Record<string, string[]>;
      expect(sourcesContent).toHaveLength(sources!.length);
    }
  });

  test("has declarations that need no other file", () => {
    expect(read("dist/index.d.ts")).not.toMatch(/from "|import\(|sourceMappingURL/);
  });

  // Hold and SyncHold were declared as classes to import, which compiled, and failed when the program started.
  test("has declarations of the values that it exports, and of no others", async () => {
    const path = join(root, "dist/index.d.ts");
    const program = ts.createProgram([path], { module: ts.ModuleKind.NodeNext, skipLibCheck: true });
    const checker = program.getTypeChecker();
    const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)!)!);
    const declared = exported.filter(
      (symbol) =>
        (symbol.flags & ts.SymbolFlags.Value) !== 0 ||
        ((symbol.flags & ts.SymbolFlags.Alias) !== 0 &&
          !symbol.declarations!.some((declaration) => ts.isTypeOnlyExportDeclaration(declaration))),
    );
    const values = Object.keys((await import(index)) as object).sort();
    expect(declared.map(({ name }) => name).sort()).toEqual(values);
    const types = exported.filter((symbol) => !declared.includes(symbol)).map(({ name }) => name);
    expect(types).toEqual(expect.arrayContaining(["Hold", "SyncHold", "LockOptions"]));
  });

  // A consumer without them in its `lib` met errors in the declarations.
  test("has declarations that name the lib of disposables", () => {
    expect(read("dist/index.d.ts")).toMatch(/^\/\/\/ <reference lib="esnext\.disposable" \/>\n/);
  });

  test("has declarations that name nothing of @types/node", () => {
    expect(read("dist/index.d.ts")).not.toMatch(/\bNodeJS\.|reference types/);
  });

  test("has a command that can be run", () => {
    expect(files.find(({ path }) => path === "dist/cli/main.js")!.mode & 0o111).toBe(0o111);
  });

  test("has the licence of each package that is inside the bundle, and of no other", () => {
    const named = [...read("THIRD-PARTY-LICENSES").matchAll(/^([\w-]+) \d+\.\d+\.\d+$/gm)].map(
      ([, name]) => name,
    );
    expect(named).toEqual(bundledPackages);
    for (const name of bundledPackages) {
      const file = ["license", "LICENSE.md"].find((each) =>
        existsSync(join(root, "node_modules", name, each)),
      )!;
      expect(read("THIRD-PARTY-LICENSES")).toContain(read(`node_modules/${name}/${file}`).trim());
    }
  });
});

// require() of an ES module came with Node.js 20.19 and 22.12, and the package asked for 22.3 only.
describe("the versions of Node.js", () => {
  const { engines, ...entry } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    engines: { node: string };
    version: string;
  };

  test("that the package asks for are those that can require() it", () => {
    expect(engines.node).toBe("^20.19 || >=22.12");
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      packages: Record<string, { engines: object }>;
    };
    expect(lock.packages[""]).toMatchObject({ engines, version: entry.version });
  });

  test.each(["README.md", "CHANGELOG.md"])("are named by %s", (page) => {
    expect(readFileSync(join(root, page), "utf8")).toContain("Node.js 20.19, 22.12 or newer");
  });
});

// Resolution of old looks for no `exports`: TypeScript that makes CommonJS, jest's and bundlers' older versions, a path of the directory.
describe("what does not know `exports`", () => {
  test("finds the declarations, as TypeScript does by default where it makes CommonJS", () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "node_modules"));
    symlinkSync(root, join(directory, "node_modules/holdfast"));
    const { resolvedModule } = ts.resolveModuleName(
      "holdfast",
      join(directory, "main.ts"),
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- that is what it is about
      { moduleResolution: ts.ModuleResolutionKind.Node10 },
      ts.sys,
    );
    expect(resolvedModule?.resolvedFileName).toBe(join(root, "dist/index.d.ts"));
  });

  test("finds the library, as require() of the directory does", () => {
    expect(createRequire(import.meta.url).resolve(root)).toBe(join(root, "dist/index.js"));
  });
});

describe("the bundle", () => {
  // doctor() looked for its program as soon as it was imported, and where no module has an address that threw.
  test("can become a part of a CommonJS one, where what cannot work there says so", async () => {
    const directory = temporaryDirectory();
    const outfile = join(directory, "bundle.cjs");
    await build({
      stdin: {
        contents: `import { doctor, FileLock, SoftFileLock } from ${JSON.stringify(join(root, "dist/index.js"))};
          new SoftFileLock("soft.lock").acquireSync().release();
          const messages = [() => new FileLock("file.lock").acquire(), () => doctor()].map((fn) =>
            fn().then(() => "", ({ message }) => message));
          Promise.all(messages).then((all) => console.log(JSON.stringify(all)));`,
        resolveDir: root,
      },
      bundle: true,
      platform: "node",
      format: "cjs",
      outfile,
      logLevel: "error",
    });
    const run = (backEnd: string): string[] =>
      JSON.parse(
        execFileSync(process.execPath, [outfile], {
          cwd: directory,
          encoding: "utf8",
          env: { ...process.env, HOLDFAST_BACKEND: backEnd },
        }),
      ) as string[];
    const remedy = /bundled into a CommonJS program.* (?:leave|Leave) /;
    expect(run("fs-ext")).toEqual([expect.stringMatching(remedy), expect.stringMatching(remedy)]);
  });

  // Node.js prints the line that threw, and that was all of the bundle.
  test("has no line so long that an error which nobody catches hides behind it", () => {
    const { stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "-e", `import { FileLock } from "${index}"; new FileLock(1);`],
      { encoding: "utf8" },
    );
    expect(stderr).toContain("TypeError: Expected the path");
    expect(stderr.length).toBeLessThan(3_000);
  });

  test("keeps the names of what it exports", () => {
    const { printed } = run(
      `for (const [key, { name }] of Object.entries(holdfast)) console.log(key, name);`,
    );
    const lines = printed.split("\n").map((line) => line.split(" "));
    expect(lines.length).toBeGreaterThan(8);
    for (const [key, name] of lines) expect(name).toBe(key);
  });

  test("keeps the names of classes that are inspected, and of wrap()", () => {
    const { printed } = run(
      `import { inspect } from "node:util";
      const { FileLock, SoftFileLock } = holdfast;
      const lock = new FileLock(process.argv[2]);
      const work = await lock.run(async () => { await lock.release(); throw 1; }).catch((error) => error);
      const hold = await lock.acquire();
      const names = [lock, hold, new SoftFileLock("soft.lock")].map((each) => inspect(each).split(" ")[0]);
      await hold.release();
      const sync = lock.acquireSync();
      sync.releaseSync();
      console.log(...names, inspect(sync).split(" ")[0], lock.wrap.name, Object.getPrototypeOf(FileLock).name, work);`,
      temporaryLockFile(),
    );
    expect(printed).toBe("FileLock Hold SoftFileLock SyncHold wrap Lock 1");
  });

  test("shows the names of classes in stack traces", () => {
    const { printed } = run(`try { new holdfast.FileLock(1) } catch (error) { console.log(error.stack); }`);
    expect(printed).toMatch(
      /^TypeError: Expected the path of a lock file .*\n(?: {4}at .*\n)* {4}at new FileLock /,
    );
  });

  test("says where a hold was acquired, without frames of its own", () => {
    const { printed, path } = run(
      `const lock = () => new holdfast.FileLock(process.argv[2]);
      async function acquires() {
        return lock().acquire();
      }
      const hold = await acquires();
      const { message, cause } = await lock().acquire().catch((error) => error);
      console.log(JSON.stringify({ message, stack: cause.stack }));
      await hold.release();`,
      temporaryLockFile(),
    );
    const { message, stack } = JSON.parse(printed) as { message: string; stack: string };
    const place = `at acquires (${pathToFileURL(path).href}:4:`;
    expect(message).toContain(place);
    expect(stack.split("\n")[1]).toContain(place);
    expect(stack).not.toContain("dist/index.js");
  });

  test("loads no module beyond Node.js's own when it is imported, and none of those that take long", () => {
    const { printed } = run(
      `import { createRequire } from "node:module";
      const builtins = process.moduleLoadList.map((each) => each.split(" ").at(-1));
      console.log(JSON.stringify({ builtins, others: Object.keys(createRequire(import.meta.url).cache) }));`,
    );
    const { builtins, others } = JSON.parse(printed) as { builtins: string[]; others: string[] };
    expect(others).toEqual([]);
    expect(builtins).toContain("async_hooks");
    for (const name of ["child_process", "crypto", "worker_threads", "internal/fs/streams"]) {
      expect(builtins).not.toContain(name);
    }
    const outputs = JSON.parse(readFileSync(join(root, "build/bundle.json"), "utf8")) as Outputs;
    expect(outputs["dist/index.js"]!.imports).toEqual([]);
  });
});
