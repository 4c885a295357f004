// Counts what is open before and after each test of a file.
import { afterEach, beforeEach } from "vitest";
import { nothingLeft, resources, type Resources } from "./resources.ts";

/** Fails every test of the file that leaves a descriptor, timer, watcher or process behind. Call it once, at the top. */
export function everyTestLeavesNothing(): void {
  let before: Resources;
  beforeEach(() => {
    before = resources();
  });
  afterEach(() => nothingLeft(before));
}
