// Two versions of the package in one project: one of its own, by import, and one of a package that it uses, by require().
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pack, packedAs } from "./package.ts";
import { Project, type Plan, type Workshop } from "./project.ts";

const OTHER_VERSION = "0.0.1";

const BETWEEN = `exports.holdfast = require("holdfast");
exports.version = require("holdfast/package.json").version;
`;

// They are told apart, and agree. With an acquisition that waits for more than these tasks, the program would end
// without its last line, or with a Deadlock.
const PROGRAM = `import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { FileLock } from "holdfast";
import between from "between";

const { version } = createRequire(import.meta.url)("holdfast/package.json");
assert.notEqual(version, between.version);
assert.equal(between.version, ${JSON.stringify(OTHER_VERSION)});
assert.notEqual(FileLock, between.holdfast.FileLock);

const mine = new FileLock("work.lock");
const theirs = new between.holdfast.FileLock("work.lock");

// They nest, and count together.
for (const [outer, inner] of [[mine, theirs], [theirs, mine]]) {
  await outer.run(() => inner.run(() => assert.deepEqual([mine.lockCounter, theirs.lockCounter], [2, 2])));
}

// They exclude each other, and those who wait get it in the order in which they came.
const hold = await new between.holdfast.FileLock("work.lock").acquire();
assert.equal(await mine.tryAcquire(), undefined);
const order = [];
let inside = 0;
const tasks = Array.from({ length: 10 }, (_, index) =>
  [mine, theirs][index % 2].run(async () => {
    assert.equal(++inside, 1);
    order.push(index);
    await Promise.resolve();
    inside--;
  }),
);
assert.equal(mine.lockCounter, 1);
await hold.release();
await Promise.all(tasks);
assert.deepEqual(order, Array.from(order.keys()));
assert.equal(order.length, 10);
console.log("they agree");
`;

export async function tryTwoVersions(plan: Plan, workshop: Workshop): Promise<void> {
  const { tarball, log } = workshop;
  const project = await Project.create(plan, workshop);
  const directory = join(project.directory, "../packages");
  const other = await packedAs(OTHER_VERSION, { tarball, directory, log });
  const between = join(directory, "between");
  mkdirSync(between);
  const manifest = { name: "between", version: "1.0.0", dependencies: { holdfast: `file:${other}` } };
  writeFileSync(join(between, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(between, "index.js"), BETWEEN);
  project.dependOn({
    holdfast: `file:./${basename(tarball)}`,
    between: `file:${await pack(between, directory, log)}`,
  });
  await project.install([]);
  project.write({ "program.mjs": PROGRAM });
  const { exitCode, stdout } = await project.node(["program.mjs"]);
  if (exitCode !== 0 || stdout !== "they agree\n") throw new Error("The two versions do not agree");
}
