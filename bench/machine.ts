/** Where a run took place: figures of two machines do not compare, and of two versions only if they say so. */
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { pythonsVersion } from "./ways.ts";

export function machine(directory: string): Record<string, string | number> {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    kernel: `${type()} ${release()}`,
    "file system": fileSystemOf(directory) ?? "unknown",
    "load before": loadavg()[0]!.toFixed(2),
  };
}

export function versions(): Record<string, string> {
  const peers = ["fs-ext", "p-retry", "abort-controller-x", "async-mutex", "proper-lockfile"];
  const found = peers.map((name): [string, string] => [
    name,
    versionIn(`../node_modules/${name}/package.json`),
  ]);
  return {
    node: process.versions.node,
    holdfast: versionIn("../package.json"),
    ...Object.fromEntries(found),
    "py-filelock": pythonsVersion() ?? "none",
  };
}

/** By path, since not every package exports its package.json. */
function versionIn(path: string): string {
  const text = readFileSync(new URL(path, import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** The type of the mount that `directory` lies on, where /proc tells. */
function fileSystemOf(directory: string): string | undefined {
  try {
    const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
    const covering = mounts
      .map((line) => line.split(" "))
      .filter(([, point]) => point !== undefined && `${directory}/`.startsWith(point.replace(/\/?$/, "/")))
      .sort(([, a], [, b]) => a!.length - b!.length);
    return covering.at(-1)?.[2];
  } catch {
    return undefined;
  }
}
