// What the snippets of the documentation call without saying where it comes from: each export is a global for them.
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
