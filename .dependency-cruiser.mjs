// Cycles, layers and strangers in src/. The layers stand in layers.js; import-x checks them a second time in the editor.
import {
  bundledPackages,
  forbiddenTo,
  mayUseFileSystem,
  mayUseNativeModule,
  outsideSource,
  patternOf,
  storeys,
} from "./layers.js";

/** Everything in src/ but these storeys. */
const allBut = (names) => ({ path: "^src/", pathNot: names.map(patternOf) });

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycles",
      comment: "An import of a type alone closes a cycle too: the reader has to know both files at once.",
      severity: "error",
      from: { path: "^src/" },
      to: { circular: true },
    },
    ...storeys.map((storey) => ({
      name: `layer-${storey.name}`,
      comment: `${storey.name} may import only: ${storey.mayImport.join(", ")} (layers.js).`,
      severity: "error",
      from: { path: patternOf(storey.name) },
      to: { path: forbiddenTo(storey).map(patternOf) },
    })),
    {
      name: "file-system-in-drivers-only",
      severity: "error",
      from: allBut(mayUseFileSystem),
      to: { path: "^(node:)?fs(/promises)?$" },
    },
    {
      name: "native-module-in-native-only",
      severity: "error",
      from: allBut(mayUseNativeModule),
      to: { path: "(^|/)fs-ext(-extra-prebuilt)?(/|$)" },
    },
    {
      name: "node-util-without-an-import",
      comment: "src/node-util.ts tells what an import of it does to stderr.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(node:)?util$" },
    },
    {
      name: "source-imports-source",
      severity: "error",
      from: { path: "^src/" },
      to: { path: `^(${outsideSource.join("|")})/` },
    },
    {
      name: "declared-dependencies-only",
      severity: "error",
      from: { path: "^src/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        pathNot: bundledPackages.map((name) => `(^|/)${name}(/|$)`),
      },
    },
    {
      name: "everything-resolves",
      severity: "error",
      from: { path: "^src/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "default"] },
  },
};
