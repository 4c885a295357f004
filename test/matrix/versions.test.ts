// The table of releases, and the words for them.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { VERSIONS, versionsMeant } from "./versions.ts";

const root = new URL("../../", import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), "utf8");
const parts = (version: string): number[] => version.split(".").map(Number);

test("the oldest is the oldest that package.json allows", () => {
  const { engines } = JSON.parse(read("package.json")) as { engines: { node: string } };
  expect(engines.node.split(" ")[0]).toBe(`^${VERSIONS[0].replace(/\.0$/, "")}`);
});

test("they are exact, and stand in order", () => {
  for (const version of VERSIONS) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  const sorted = [...VERSIONS].sort((one, other) => {
    const [a, b] = [parts(one), parts(other)];
    return a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!;
  });
  expect(VERSIONS).toEqual(sorted);
});

test("the README names each major version of them, and the oldest and the newest", () => {
  const majors = [...new Set(VERSIONS.map((version) => version.split(".", 1)[0]!))];
  const sentence = `Node.js ${majors.slice(0, -1).join(", ")} and ${majors.at(-1)!}`;
  expect(read("README.md")).toContain(sentence);
});

test("without a word all are meant", () => {
  expect(versionsMeant([])).toEqual(VERSIONS);
});

test.each([
  [["oldest"], [VERSIONS[0]]],
  [["newest"], [VERSIONS.at(-1)]],
  [["20"], ["20.20.2"]],
  [["20.19.0"], ["20.19.0"]],
  [
    ["26", "22"],
    ["22.23.3", "26.10.0"],
  ],
  [["26", "newest", "26.10.0"], ["26.10.0"]],
])("%j means %j", (words, meant) => {
  expect(versionsMeant(words)).toEqual(meant);
});

test.each(["18", "2", "20.19", "v22", "26.10.1", "latest", ""])(
  "'%s' is refused, and what there is named",
  (word) => {
    expect(() => versionsMeant(["22", word])).toThrow(
      new RangeError(
        `Cannot run the tests on Node.js '${word}': expected 20, 22, 24, 26, oldest, newest, or one of ` +
          `${VERSIONS.join(", ")} (the table is in test/matrix/versions.ts).`,
      ),
    );
  },
);
