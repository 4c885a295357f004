// The storeys of src/, from the top to the ground: what each is made of and what it may import.
// eslint.config.js and .dependency-cruiser.mjs turn this one table into their rules.

/** `files` and `directories` are relative to src/. The storey without either is whatever the others do not name. */
export const storeys = [
  // The command line: whatever it knows of locks it knows as any user of the package does.
  { name: "cli", directories: ["cli"], mayImport: ["cli", "terminal", "standard-error", "index"] },
  { name: "terminal", files: ["terminal", "own-words"], mayImport: [] },
  { name: "standard-error", files: ["standard-error"], mayImport: [] },
  { name: "index", files: ["index"], mayImport: ["face", "lock", "engine", "driver", "ground"] },
  // What people construct: each picks a driver and its defaults. They do not know each other.
  {
    name: "face",
    files: ["file-lock", "soft-lock", "process-lock", "inspect", "doctor"],
    mayImport: ["lock", "engine", "driver", "drivers", "ground"],
  },
  { name: "lock", files: ["lock"], mayImport: ["engine", "driver", "ground"] },
  { name: "engine", mayImport: ["engine", "driver", "ground"] },
  { name: "driver", files: ["driver"], mayImport: ["ground"] },
  {
    name: "drivers",
    directories: ["drivers"],
    mayImport: ["drivers", "driver", "native", "standard-error", "ground"],
  },
  { name: "native", directories: ["native"], mayImport: ["native", "ground"] },
  // What every storey may know, and what therefore knows nothing of them.
  { name: "ground", files: ["errors", "node-util", "sleep", "warn"], mayImport: [] },
];

/** The storeys that may touch the file system, and those that may reach a native module. */
export const mayUseFileSystem = ["drivers", "native", "terminal", "standard-error"];
export const mayUseNativeModule = ["native"];

/** The packages that the published bundle contains, so that nobody has to install them. All others stay outside. */
export const bundledPackages = ["abort-controller-x", "is-network-error", "p-retry"];

/** What src/ must not import at all. */
export const outsideSource = ["test", "bench", "examples", "scripts", "build", "dist"];

const named = storeys.flatMap((storey) => storey.files ?? []);
const walled = storeys.flatMap((storey) => storey.directories ?? []);

/** The files of a storey as globs from the root of the repository. */
export function globsOf(name) {
  const { files, directories } = storeys.find((storey) => storey.name === name);
  if (!files && !directories) {
    return [`src/!(${named.join("|")}).ts`, `src/!(${walled.join("|")})/**/*.ts`];
  }
  // import-x takes either globs or plain paths in one list, so a single file is a glob too: `@(…)`.
  return [
    ...(files ?? []).map((file) => `src/@(${file}).ts`),
    ...(directories ?? []).map((dir) => `src/${dir}/**`),
  ];
}

/** The files of a storey as a regular expression from the root of the repository. */
export function patternOf(name) {
  const { files, directories } = storeys.find((storey) => storey.name === name);
  const listed = (files_, directories_) => [
    ...files_.map((file) => `${file}\\.ts$`),
    ...directories_.map((directory) => `${directory}/`),
  ];
  if (!files && !directories) return `^src/(?!${listed(named, walled).join("|")})`;
  return `^src/(?:${listed(files ?? [], directories ?? []).join("|")})`;
}

/** The names of the storeys that `storey` must not import. */
export function forbiddenTo(storey) {
  return storeys.map(({ name }) => name).filter((name) => !storey.mayImport.includes(name));
}
