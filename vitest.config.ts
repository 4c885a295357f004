import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/fixtures/**"],
    // A process of its own for each file: file descriptors, process warnings and `beforeExit` are per process.
    pool: "forks",
    // They wait more than they work.
    maxWorkers: 3,
    execArgv: ["--expose-gc"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    globalSetup: ["test/setup/build.ts"],
    setupFiles: ["test/setup/no-stray-warnings.ts"],
  },
});
