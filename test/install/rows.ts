// The table: which ways of installing the package are tried. Every manager occurs without a compiler, with its scripts
// left to it and with them ignored, as far as that makes a difference to it; every way in, and odd names, occur.
import type { ManagerName } from "./managers.ts";
import { Project, type Plan, type Workshop } from "./project.ts";
import { tryExample, type WayIn } from "./readme-example.ts";
import { tryToBuild, tryToInstallAnother } from "./remedies.ts";
import { tryTwoVersions } from "./two-versions.ts";

export interface Row {
  readonly name: string;
  /** Whether the short form has it. */
  readonly quick: boolean;
  /** Rejects with what went wrong. */
  readonly attempt: (workshop: Workshop) => Promise<void>;
}

const ODD = "Größe & Maß";

/** `scripts`: what the manager does about them when it is left alone, or "ignored" where it is told not to run any. */
type Column = readonly [
  manager: ManagerName,
  scripts: "run" | "blocked" | "ignored",
  compiler: boolean,
  wayIn: WayIn,
  more?: { readonly directory?: string; readonly quick?: true },
];

const columns: readonly Column[] = [
  ["npm 11", "run", true, "TypeScript, nodenext"],
  ["npm 11", "run", false, "require", { directory: ODD }],
  ["npm 11", "ignored", false, "TypeScript, bundler", { directory: ODD, quick: true }],
  ["npm 12", "blocked", false, "import", { quick: true }],
  ["npm 12", "ignored", false, "require"],
  ["pnpm", "blocked", false, "TypeScript, nodenext", { quick: true }],
  ["pnpm", "ignored", false, "require", { directory: ODD }],
  ["yarn 1", "run", false, "import", { directory: ODD }],
  ["yarn 1", "ignored", false, "require", { quick: true }],
  ["yarn 4", "blocked", false, "require", { directory: ODD, quick: true }],
  ["yarn 4", "ignored", false, "TypeScript, nodenext"],
  // Node's require() of an ES module does not look into the archives of Plug'n'Play.
  ["yarn 4, Plug'n'Play", "blocked", false, "import"],
  ["yarn 4, Plug'n'Play", "ignored", false, "import", { directory: ODD }],
  ["bun", "blocked", false, "import"],
  ["bun", "ignored", false, "require"],
];

const examples = columns.map(
  ([manager, scripts, compiler, wayIn, { directory, quick = false } = {}]): Row => {
    const name = [
      manager,
      `scripts ${scripts}`,
      compiler ? "compiler" : "no compiler",
      wayIn,
      ...(directory === undefined ? [] : [`in '${directory}'`]),
    ].join(", ");
    return {
      name,
      quick,
      attempt: async (workshop) => {
        const project = await Project.create(
          { name, manager, compiler, ...(directory !== undefined && { directory }) },
          workshop,
        );
        await project.install(scripts === "ignored" ? project.manager.ignoreScripts : []);
        // With a compiler, what was built is what has to serve.
        await tryExample(project, wayIn, compiler ? { HOLDFAST_BACKEND: "fs-ext" } : {});
        if (scripts === "blocked") await project.denyScripts();
      },
    };
  },
);

const remedied: readonly ManagerName[] = ["npm 11", "npm 12", "pnpm", "yarn 1", "yarn 4", "bun"];

const others = [
  ...remedied.map(
    (manager) => ["no back end, another one is installed", manager, tryToInstallAnother] as const,
  ),
  ...remedied.map((manager) => ["no back end, fs-ext is built", manager, tryToBuild] as const),
  ["two versions", "npm 11", tryTwoVersions] as const,
].map(([what, manager, attempt]): Row => {
  const name = `${manager}, ${what}`;
  const plan: Plan = { name, manager };
  const quick = manager === "npm 11" && attempt !== tryToBuild;
  return { name, quick, attempt: (workshop) => attempt(plan, workshop) };
});

export const rows: readonly Row[] = [...examples, ...others];
