import importX from "eslint-plugin-import-x";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";
import {
  forbiddenTo,
  globsOf,
  mayUseFileSystem,
  mayUseNativeModule,
  outsideSource,
  storeys,
} from "./layers.js";

const root = import.meta.dirname;

const layers = storeys.map((storey) => ({
  target: globsOf(storey.name),
  from: forbiddenTo(storey).flatMap(globsOf),
  message: `${storey.name} may import only: ${storey.mayImport.join(", ")} (layers.js).`,
}));

const rawFlock = [
  "CallExpression[callee.name=/^flock(Sync)?$/]",
  "CallExpression[callee.property.type='Identifier'][callee.property.name=/^flock(Sync)?$/]",
].map((selector) => ({ selector, message: "Only src/native/ knows how flock(2) is reached." }));

const ofNode = Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, "readonly"]));

export default defineConfig(
  globalIgnores(["build/", "dist/", "coverage/", ".snippets/", "test/types/consumer-no-disposable/"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },

  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { "import-x": importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      eqeqeq: "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "no-unused-private-class-members": "error",
      // Not tsc's noUnusedLocals, which knows no exception: `await using hold = …` is used by leaving its scope.
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", caughtErrors: "all", ignoreUsingDeclarations: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: "only-allowed-literals" },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // An abort is `signal.reason` untouched, whatever it is.
      "@typescript-eslint/only-throw-error": [
        "error",
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      "@typescript-eslint/prefer-promise-reject-errors": [
        "error",
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
    },
  },

  {
    // What tsc does not look at: scripts, and the programs that tests start.
    files: ["**/*.{js,mjs,cjs}"],
    languageOptions: { globals: ofNode },
    rules: {
      eqeqeq: "error",
      "no-undef": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrors: "all" }],
      "no-unused-private-class-members": "error",
    },
  },

  {
    files: ["src/**/*.ts"],
    rules: {
      "no-console": "error",
      "import-x/no-default-export": "error",
      "import-x/no-restricted-paths": [
        "error",
        {
          basePath: root,
          zones: [
            ...layers,
            { target: "src", from: outsideSource, message: "src/ imports nothing from outside src/." },
          ],
        },
      ],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: mayUseFileSystem.flatMap(globsOf),
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          paths: ["fs", "fs/promises", "node:fs", "node:fs/promises"].map((name) => ({
            name,
            message: "Only src/drivers/ and src/native/ touch the file system.",
          })),
        },
      ],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: mayUseNativeModule.flatMap(globsOf),
    rules: {
      "no-restricted-syntax": [
        "error",
        ...rawFlock,
        {
          selector: "Literal[value=/^(fs-ext|fs-ext-extra-prebuilt|node:ffi)$/]",
          message: "Only src/native/ loads a native module.",
        },
      ],
    },
  },

  {
    // Tests say plainly what they expect, look at values that came over IPC, and change state behind the checker's back.
    files: ["test/**/*.ts", "bench/**/*.ts", "examples/**/*.ts"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
);
