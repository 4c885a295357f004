// What the snippets of the documentation call without saying where it comes from: each export is a global for them.
import { writeFileSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";

/** Some work that takes a while. */
export async function work(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Adds one to the number in a file, and returns the sum. */
export async function increment(file: string): Promise<number> {
  const count = Number(await readFile(file, "utf8").catch(() => "0")) + 1;
  await writeFile(file, String(count));
  return count;
}

/** Makes a directory anew. */
export async function rebuild(directory: string): Promise<void> {
  await rm(`${directory}/page`, { force: true });
  await mkdir(directory, { recursive: true });
  await writeFile(`${directory}/page`, "whole");
}

export async function publish(name: string): Promise<void> {
  await writeFile(`${name}.txt`, name);
}

export async function refreshLater(): Promise<void> {
  await work();
}

/** What the cache has of `name`; undefined where it has nothing. */
export function lookUp(name: string): Promise<string | undefined> {
  return readFile(`${name}.cached`, "utf8").catch(() => undefined);
}

/** Works `name` out, and puts it into the cache. */
export async function fill(name: string): Promise<string> {
  await work();
  await writeFile(`${name}.cached`, `all of ${name}`);
  return `all of ${name}`;
}

export function migrate(): void {
  writeFileSync("schema", "2");
}
