// The tables of promises in SECURITY.md and docs/reliability.md: that the tests which they name are there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

const HEAD = /^\| .+ \| shown by \|\n\| --- \| --- \|\n/m;

describe.each(["SECURITY.md", "docs/reliability.md"])("%s", (name) => {
  const page = readFileSync(join(root, name), "utf8");
  const [, table = ""] = page.split(HEAD);
  const [rows = ""] = table.split("\n\n", 1);
  /** What stands behind a promise, whatever that is. */
  const cells = rows.split("\n").map((row) => /^\| .+? \| (.*) \|$/.exec(row)?.[1] ?? row);
  const named = cells.flatMap((cell) => [...cell.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)]);

  test("each promise names a test", () => {
    for (const cell of cells) expect(cell).toMatch(/^(?:`test\/[^`]+`: "[^"]+"(?:; )?)+$/);
  });

  test.each(named.map(([, file, title]) => [file!, title!]))("%s has: %s", (file, title) => {
    expect(readFileSync(join(root, file), "utf8")).toContain(title);
  });
});
