/**
 * `npm run build`: `dist/`, which is published, and `build/`, the same file by file, which tests look into. Writes
 * everything anew and takes away what is too much, so that whoever imports from there meanwhile finds all of it. Does nothing where
 * all that goes into it is as it was at the last time; after `npm run clean` it does.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.js";
import { declarations } from "./declarations.js";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const dist = join(root, "dist");
const stampFile = join(root, "build/stamp");
const stamp = stampOf([
  "src",
  "scripts",
  "package.json",
  "package-lock.json",
  "layers.js",
  "tsconfig.json",
  "tsconfig.build.json",
]);
if (existsSync(join(dist, "index.js")) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp)
  process.exit(0);
rmSync(stampFile, { force: true });

try {
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
} catch {
  process.exit(1); // it has said why
}
const { files, packages, outputs } = await bundle(root);
const index = { path: join(dist, "index.d.ts"), contents: declarations(join(root, "build/index.d.ts")) };
const all = [...files, index];
for (const { path, contents } of all) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
const wanted = all.map(({ path }) => path);
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  const isWanted = wanted.some((each) => each === path || each.startsWith(`${path}/`));
  if (!isWanted) rmSync(path, { recursive: true, force: true });
}
for (const file of ["dist/cli/main.js", "build/cli/main.js"]) chmodSync(join(root, file), 0o755);
writeFileSync(join(root, "build/bundle.json"), JSON.stringify(outputs)); // what takes how many bytes
writeFileSync(join(root, "THIRD-PARTY-LICENSES"), licences(packages));
writeFileSync(stampFile, stamp); // when all else is there

/** A hash of the names and contents of all files in `parts` of the project. */
function stampOf(parts) {
  const hash = createHash("sha256");
  for (const part of parts) addTo(hash, part);
  return hash.digest("hex");
}

function addTo(hash, part) {
  const path = join(root, part);
  if (statSync(path).isDirectory()) {
    for (const name of readdirSync(path).sort()) addTo(hash, join(part, name));
  } else hash.update(`${part}\0`).update(readFileSync(path)).update("\0");
}

/** What the licences of the packages that are in the bundle ask for: their text, in every copy. */
function licences(names) {
  const texts = names.map((name) => {
    const directory = join(root, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    const file = readdirSync(directory).find((each) => /^licen[cs]e(\.|$)/i.test(each));
    if (license !== "MIT" || file === undefined) {
      throw new Error(
        `Cannot put ${name} into the bundle: expected the MIT licence and its text, got ${license}`,
      );
    }
    return `${name} ${version}\n\n${readFileSync(join(directory, file), "utf8").trim()}\n`;
  });
  return `dist/index.js contains parts of these packages.\n\n${texts.join(`\n${"-".repeat(72)}\n\n`)}`;
}
