// The long form of everything in this directory, one file after the other:
//
//   npm run test:stress [-- <a part of the names of the files to run>]
//
// It prints the figures, and where all is well puts them in the place of those of the same chapters in docs/reliability.md.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { atTheEnd, groupEnded, startGroup } from "../support/process-group.ts";
import { replaceFigures } from "./table.ts";
import type { Figure } from "./scale.ts";

const root = join(import.meta.dirname, "../..");
const page = join(root, "docs/reliability.md");
const vitest = join(root, "node_modules/vitest/vitest.mjs");

const [asked = ""] = process.argv.slice(2);
const chapters = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".test.ts") && name.includes(asked))
  .map((name) => basename(name, ".test.ts"));
if (chapters.length === 0) throw new Error(`No file in test/stress has "${asked}" in its name`);

const directory = mkdtempSync(join(tmpdir(), "holdfast-stress-"));
atTheEnd(() => {
  rmSync(directory, { recursive: true, force: true });
});
const file = join(directory, "figures");
writeFileSync(file, "");

const files = chapters.map((chapter) => join("test/stress", `${chapter}.test.ts`));
const child = startGroup(process.execPath, [vitest, "run", "--maxWorkers=1", ...files], {
  cwd: root,
  env: { ...process.env, HOLDFAST_STRESS: "long", HOLDFAST_FIGURES: file },
  stdio: "inherit",
});
const { code } = await groupEnded(child);

const figures = readFileSync(file, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Figure);
for (const { chapter, what, figure } of figures) console.log(`${chapter.padEnd(16)}  ${what}: ${figure}`);
// Of what was skipped the last figures stay.
const noted = chapters.filter((name) => figures.some(({ chapter }) => chapter === name));
if (code === 0) writeFileSync(page, replaceFigures(readFileSync(page, "utf8"), noted, figures));
else process.exitCode = 1;
