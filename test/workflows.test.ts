// The workflows of .github: they can be read, run on each Node.js that is promised, and call nothing that is not there.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { needsTool, succeeds } from "./support/needs.ts";
import { PYTHON } from "./support/peer.ts";

interface Step {
  readonly run?: string;
  readonly uses?: string;
}

interface Job {
  readonly "runs-on"?: string;
  readonly "timeout-minutes"?: number;
  readonly uses?: string;
  readonly permissions?: Record<string, string>;
  readonly strategy?: { readonly matrix: { readonly system: string[]; readonly node: string[] } };
  readonly steps?: Step[];
}

interface Workflow {
  readonly permissions: Record<string, string>;
  readonly concurrency: object;
  readonly jobs: Record<string, Job>;
}

const root = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

function workflow(name: string): Workflow {
  const script = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout, default=str)";
  const input = read(`.github/workflows/${name}`);
  return JSON.parse(execFileSync(PYTHON, ["-c", script], { input, encoding: "utf8" })) as Workflow;
}

const manifest = JSON.parse(read("package.json")) as {
  engines: { node: string };
  scripts: Record<string, string>;
};
const define = needsTool("python3-yaml", succeeds(PYTHON, "-c", "import yaml"));
const names = ["ci.yml", "release.yml"];
const stepsOf = ({ jobs }: Workflow): Step[] => Object.values(jobs).flatMap(({ steps = [] }) => steps);

define(
  "the tests run on Linux, macOS and Windows, on the oldest Node.js that is allowed and those after it",
  () => {
    const { system, node } = workflow("ci.yml").jobs["test"]!.strategy!.matrix;
    expect(system.map((name) => name.split("-")[0])).toEqual(["ubuntu", "macos", "windows"]);
    const [, oldest, next] = /^\^(\d+\.\d+) \|\| >=(\d+\.\d+)$/.exec(manifest.engines.node)!;
    expect(node[0]).toBe(oldest);
    expect(node.slice(1)).toEqual(["22", "24", "26"]);
    expect(read("README.md")).toContain(`Node.js ${oldest!}, ${next!} or newer`);
  },
);

define("Debian's packages are those that .ci/run installs", () => {
  const [, packages] = /^packages=\((.+)\)$/m.exec(read(".ci/run"))!;
  const installs = stepsOf(workflow("ci.yml")).flatMap(({ run = "" }) =>
    run.includes("apt-get") ? [run] : [],
  );
  expect(installs).toHaveLength(2);
  for (const install of installs) expect(install.trim()).toMatch(new RegExp(` ${packages!}$`));
});

define("what is called is there, and every job has an end", () => {
  for (const name of names) {
    const { jobs, concurrency } = workflow(name);
    expect(concurrency).toBeTruthy();
    for (const [job, { uses, "timeout-minutes": minutes }] of Object.entries(jobs)) {
      if (uses === undefined) expect(minutes, `${name}, ${job}`).toBeGreaterThan(0);
      else expect(() => read(uses)).not.toThrow();
    }
  }
  const commands = names.flatMap((name) => stepsOf(workflow(name)).map(({ run = "" }) => run));
  const called = commands.flatMap((run) =>
    [...run.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, script]) => script!),
  );
  expect(called).not.toEqual([]);
  for (const script of called) expect(Object.keys(manifest.scripts)).toContain(script);
});

define(
  "a workflow may read, and only the one that publishes may say who it is; nobody else's action has a part in it",
  () => {
    for (const name of names) {
      const { permissions, jobs } = workflow(name);
      expect(permissions).toEqual({ contents: "read" });
      const more = Object.entries(jobs).filter(([, job]) => job.permissions !== undefined);
      expect(more.map(([job]) => job)).toEqual(name === "release.yml" ? ["publish"] : []);
      for (const { uses } of stepsOf(workflow(name)))
        if (uses !== undefined) expect(uses).toMatch(/^actions\/[\w-]+@v\d+$/);
    }
    expect(workflow("release.yml").jobs["publish"]!.permissions).toEqual({
      contents: "read",
      "id-token": "write",
    });
  },
);
