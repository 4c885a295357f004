// SECURITY.md: that the tests which it names are there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "SECURITY.md"), "utf8");

const cells = page.split("\n").flatMap((line) => /^\| (.+) \| (`test\/.+) \|$/.exec(line)?.[2] ?? []);
const named = cells.flatMap((cell) => [...cell.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)]);

test("each promise names a test", () => {
  expect(cells.length).toBeGreaterThan(8);
  for (const cell of cells) expect(cell).toMatch(/^(?:`test\/[^`]+`: "[^"]+"(?:; )?)+$/);
});

test.each(named.map(([, file, name]) => [file!, name!]))("%s has: %s", (file, name) => {
  expect(readFileSync(join(root, file), "utf8")).toContain(name);
});
