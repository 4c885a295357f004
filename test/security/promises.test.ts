// SECURITY.md: that the tests which it names are there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "SECURITY.md"), "utf8");

const [, table = ""] = page.split("| it never | shown by |\n| --- | --- |\n");
const [rows = ""] = table.split("\n\n", 1);
/** What stands behind a promise, whatever that is. */
const cells = rows.split("\n").map((row) => /^\| .+? \| (.*) \|$/.exec(row)?.[1] ?? row);
const named = cells.flatMap((cell) => [...cell.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)]);

test("each promise names a test", () => {
  for (const cell of cells) expect(cell).toMatch(/^(?:`test\/[^`]+`: "[^"]+"(?:; )?)+$/);
});

test.each(named.map(([, file, name]) => [file!, name!]))("%s has: %s", (file, name) => {
  expect(readFileSync(join(root, file), "utf8")).toContain(name);
});
