// The examples in the docstrings of src/: that they compile, and that nothing that people call lacks one.
import { afterAll, beforeAll, expect, test } from "vitest";
import { examples, publicApi } from "./support/docstrings.ts";
import { WrittenSnippets } from "./support/snippets.ts";

/** What needs no example of its own. */
const NO_EXAMPLE: Record<string, string> = {
  "Hold.release": "the example of Hold is one",
  "SyncHold.releaseSync": "the example of SyncHold is one",
  Lock: "is a type, and not made; its methods have examples",
  CannotAcquireLock: "is caught, not called",
  Timeout: "is caught, not called",
  Deadlock: "is caught, not called",
  LockLost: "is caught, not called",
  LockUnsupported: "is caught, not called",
};

const { values, names } = publicApi();

let written: WrittenSnippets;
beforeAll(() => {
  // An example may say `await` and `return`, and leave out the import and the lock.
  const imports = `import { ${values.join(", ")} } from "holdfast";`;
  const frame = [`${imports} export async function example() {`, "}"] as const;
  written = new WrittenSnippets(
    examples().map((example) => ({ ...example, frame })),
    { globals: 'const lock: import("holdfast").FileLock;' },
  );
});
afterAll(() => {
  written.remove();
});

test("the examples compile, as strictly as the package itself", async () => {
  expect(await written.typeErrors()).toBe("");
});

test("whatever is called has an example", () => {
  const lacking = names.filter(({ hasExample }) => !hasExample).map(({ name }) => name);
  expect(lacking.sort()).toEqual(Object.keys(NO_EXAMPLE).sort());
});

test("no example is lost between its docstring and the compiler", () => {
  expect(examples().length).toBeGreaterThanOrEqual(names.filter(({ hasExample }) => hasExample).length);
});
