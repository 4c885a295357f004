/**
 * The JavaScript that is published: one file for the library, a few for the command line, one for the processes of doctor(), so that an import reads one
 * file and not a hundred. Knows what is bundled in and what is not; knows no declarations.
 */
import { build } from "esbuild";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { bundledPackages } from "../layers.js";

/** What users see beyond what index.ts exports: their names stay too, in `name`, in stack traces and where they are inspected. */
const ALSO_SEEN = ["Lock", "Hold", "SyncHold", "SuppressedError"];

const OPTIONS = {
  bundle: true,
  write: false,
  metafile: true,
  platform: "node",
  format: "esm",
  minify: true,
  charset: "utf8",
  lineLimit: 200, // where nobody catches an error, Node.js prints the line that threw it
  sourcemap: true,
  sourcesContent: true,
  mainFields: ["module", "main"],
  tsconfig: "tsconfig.json",
  logLevel: "warning",
};

/** Builds what goes to `dist/`, of the project at `root`. */
export async function bundle(root) {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
  const options = {
    ...OPTIONS,
    absWorkingDir: root,
    external: Object.keys({ ...dependencies, ...optionalDependencies }),
  };
  const results = await Promise.all([
    build({
      ...options,
      entryPoints: ["src/index.ts"],
      outdir: "dist",
      plugins: [keepNames(root), builtinsOnce(root)],
    }),
    build({
      ...options,
      entryPoints: ["src/cli/main.ts"],
      outdir: "dist/cli",
      chunkNames: "[name]-[hash]",
      splitting: true, // a subcommand is loaded when it is asked for
      plugins: [libraryFromOutside],
    }),
    // A process of its own runs it (src/doctor.ts).
    build({ ...options, entryPoints: ["src/native/child.ts"], outdir: "dist/native" }),
  ]);
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  return {
    files: results.flatMap(({ outputFiles }) =>
      outputFiles.map(({ path, contents }) => ({ path, contents })),
    ),
    packages: packagesOf(inputs),
    outputs: Object.assign({}, ...results.map(({ metafile }) => metafile.outputs)),
  };
}

/** The packages that files in node_modules belong to. Throws where one got in that is not meant to, or is missing. */
function packagesOf(inputs) {
  const names = inputs.map((path) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const found = [...new Set(names.filter((name) => name !== undefined))].sort();
  if (found.join() !== [...bundledPackages].sort().join()) {
    throw new Error(
      `Expected the bundle to contain the packages ${bundledPackages.join(", ")} (layers.js), and it has ${found.join(", ")}. ` +
        "A package that users are to install belongs to `dependencies`",
    );
  }
  return found;
}

/**
 * `class Name …` becomes `const { Name } = { Name: class … }`, and so do functions: the minifier renames variables and not
 * properties, and what has no name takes that of its property. The minifier's own way to keep names costs five times as
 * much, since it keeps all, and stack traces would show the short ones nevertheless.
 */
function keepNames(root) {
  const names = [...exportsOf(readFileSync(`${root}/src/index.ts`, "utf8")), ...ALSO_SEEN].join("|");
  // The formatter puts both ends into the first column, and nothing else that closes.
  const declaration = new RegExp(
    `^export (?:abstract )?((?:async )?function|class) (${names})\\b([^]*?)^\\}$`,
    "gm",
  );
  return {
    name: "keep-names",
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/[a-z-]+\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        const contents = text.replace(
          declaration,
          (_, kind, name, rest) => `export const { ${name} } = { ${name}: ${kind}${rest}} };`,
        );
        return { contents, loader: "ts" };
      });
    },
  };
}

/** Modules of Node.js that take time to load, and that not every lock needs: they come with the first call of a function. */
const LATER = ["node:child_process", "node:crypto", "node:fs/promises", "node:timers/promises"];

/**
 * One line for each module of Node.js, where each file of the source has its own; and not an import, since that reads
 * everything that the module exports, and so loads what Node.js keeps for later: all of its streams, for node:fs.
 */
function builtinsOnce(root) {
  const texts = readdirSync(`${root}/src`, { recursive: true })
    .filter((file) => file.endsWith(".ts") && !file.startsWith("cli/"))
    .map((file) => readFileSync(`${root}/src/${file}`, "utf8"));
  return {
    name: "builtins-once",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "builtin", sideEffects: false }));
      onResolve({ filter: /^load$/, namespace: "builtin" }, () => ({ path: "load", namespace: "builtin" }));
      onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => {
        if (path === "load") return { contents: "export const load = process.getBuiltinModule;" };
        const names = [...new Set(texts.flatMap((text) => importsFrom(path, text)))];
        const loaded = `load(${JSON.stringify(path)})`;
        const lines = LATER.includes(path)
          ? names.map((name) => `export const ${name} = (...all) => ${loaded}.${name}(...all);`)
          : [`export const { ${names.join()} } = ${loaded};`];
        return { contents: ['import { load } from "load";', ...lines].join("\n") };
      });
    },
  };
}

/** The names of the values that a module with this text imports from `path`. */
function importsFrom(path, text) {
  return lists(text, new RegExp(`^import \\{([^}]*)\\} from "${path}"`, "gm"));
}

/** The names of the values that a module with this text passes on. */
function exportsOf(text) {
  return lists(text, /^export \{([^}]*)\}/gm);
}

function lists(text, pattern) {
  const names = [...text.matchAll(pattern)].flatMap(([, list]) => list.split(","));
  return names
    .map((name) => name.trim().replace(/ as .*/, ""))
    .filter((name) => name !== "" && !name.startsWith("type "));
}

/** The command line uses the library as any program does, and so it has one copy of it, with one state. */
const libraryFromOutside = {
  name: "library-from-outside",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/index\.ts$/ }, () => ({ path: "../index.js", external: true }));
  },
};
