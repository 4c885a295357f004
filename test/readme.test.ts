// The README and docs/: that each snippet compiles and runs, that the commands are there, that the links lead somewhere.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anchorsOf, linksOf, parsePage } from "./support/markdown.ts";
import { WrittenSnippets, type Run, type Snippet } from "./support/snippets.ts";
import { atATime } from "./support/at-a-time.ts";

const root = join(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const markdownIn = (directory: string): string[] =>
  readdirSync(join(root, directory))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(directory, name));

/** The command that shows the package at work, and the one that tests it: what a newcomer is told to type. */
const DEMO_COMMAND = "npm ci && npm run demo";
const TEST_COMMAND = "npm ci && npm run check";

const pages = new Map(["README.md", ...markdownIn("docs")].map((file) => [file, parsePage(read(file))]));
const linked = new Map([
  ...pages,
  ...["CHANGELOG.md", "SECURITY.md"].map((file) => [file, parsePage(read(file))] as const),
]);

const fences = [...pages].flatMap(([file, page]) => page.fences.map((fence) => ({ file, ...fence })));
const snippets: Snippet[] = fences
  .filter(({ language }) => language === "ts")
  .map(({ file, line, text }) => ({ file, line, code: text }));

/** One warning, and the hint that Node adds to the first. */
const WARNING = /^\(node:\d+\) \[HOLDFAST_\w+\] HoldfastWarning: .*\n(?:\(Use `node .*\n)?/gm;

describe("snippets", () => {
  let written: WrittenSnippets;
  let runs: Map<Snippet, Promise<Run>>;
  beforeAll(() => {
    written = new WrittenSnippets(snippets);
    runs = atATime(2, snippets, (snippet) => written.run(snippet));
  });
  afterAll(async () => {
    await Promise.allSettled(runs.values());
    written.remove();
  });

  test("there are some in the README, and on the pages about ownership and about other locks", () => {
    expect(new Set(snippets.map(({ file }) => file))).toEqual(
      new Set(["README.md", "docs/coming-from.md", "docs/ownership.md"]),
    );
  });

  test("no block is in a language that nobody looks at", () => {
    expect(fences.filter(({ language }) => !["ts", "sh", ""].includes(language))).toEqual([]);
  });

  test("compile, as strictly as the package itself", async () => {
    expect(await written.typeErrors()).toBe("");
  });

  test.each(snippets)("$file:$line runs", async (snippet) => {
    const { exitCode, stderr, reachedItsEnd } = await runs.get(snippet)!;
    const announced = /\/\/.*process warning/.test(snippet.code);
    expect(announced ? stderr.replace(WARNING, "") : stderr).toBe("");
    if (announced) expect(stderr).toMatch(WARNING);
    expect({ exitCode, reachedItsEnd }).toEqual({ exitCode: 0, reachedItsEnd: true });
  });
});

describe("commands", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const blocks = fences.filter(({ language }) => language === "sh");

  test("are one to see it work and one to test it, both in the README", () => {
    expect(blocks.map(({ file, text }) => [file, text])).toEqual([
      ["README.md", DEMO_COMMAND],
      ["README.md", TEST_COMMAND],
    ]);
  });

  test.each([...pages.keys()])("that %s names are scripts of the package", (file) => {
    const named = [...read(file).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, script]) => script!);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  test("that test it are those of continuous integration", () => {
    expect(read(".ci/run").split("\n")).toContain(TEST_COMMAND);
  });
});

describe.each([...linked])("the links of %s", (file, page) => {
  const links = linksOf(page).filter((target) => !/^https?:/.test(target));

  test("lead somewhere", () => {
    expect(links.filter((link) => !leadsSomewhere(file, link))).toEqual([]);
  });
});

test("docs/design.md names no file that is not there", () => {
  const files = ["src", "test", "examples", "bench"].flatMap((directory) =>
    existsSync(join(root, directory))
      ? readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
      : [],
  );
  const named = [...read("docs/design.md").matchAll(/(?<![.\w])[\w/-]+\.ts\b(?<!\bd\.ts)/g)].map(
    ([name]) => name,
  );
  expect(named.filter((name) => !files.some((file) => `/${file}`.endsWith(`/${name}`)))).toEqual([]);
});

function leadsSomewhere(file: string, link: string): boolean {
  const [path, anchor] = link.split("#") as [string, string | undefined];
  const target = path === "" ? file : normalize(join(dirname(file), path));
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || anchorsOf(parsePage(read(target))).includes(anchor);
}
