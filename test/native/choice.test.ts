// Which back end serves: the first that loads, the one that is forced, never one that a worker thread does not survive;
// and what is said where none serves.
import { createRequire } from "node:module";
import { inspect } from "node:util";
import { describe, expect, test, vi } from "vitest";
import type { BackEnd, SystemCall } from "../../src/native/back-end.ts";
import { BACK_ENDS, choose, type Circumstances } from "../../src/native/choice.ts";
import { fsExt } from "../../src/native/module.ts";
import { temporaryLockFile } from "../support/directory.ts";

/** What reaches flock(2), as far as a choice asks. */
const works: SystemCall = () => {
  throw Object.assign(new Error("EBADF, Flock"), { code: "EBADF" });
};

function backEnd(name: string, load: () => SystemCall = () => works, survivesWorkers = true): BackEnd {
  return { name, survivesWorkers, load: vi.fn(load) };
}

function missing(name: string): BackEnd {
  return backEnd(name, () => {
    throw Object.assign(new Error(`Cannot find module '${name}'\nRequire stack:\n- /somewhere/else.js`), {
      code: "MODULE_NOT_FOUND",
    });
  });
}

function chosen(backEnds: BackEnd[], circumstances: Circumstances = {}): string {
  return choose({ backEnds, forced: undefined, isInWorker: false, ...circumstances }).name;
}

function thrownBy(fn: () => unknown): NodeJS.ErrnoException {
  try {
    fn();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error("Expected it to throw");
}

describe("Of the back ends", () => {
  test("fs-ext is the first, the one with its binaries the second, and node:ffi the last", () => {
    expect(BACK_ENDS.map(({ name }) => name)).toEqual(["fs-ext", "fs-ext-extra-prebuilt", "node:ffi"]);
  });

  test("none is loaded with the package, and one at the first lock", async () => {
    const { cache } = createRequire(import.meta.url);
    const isLoaded = (): boolean => Object.keys(cache).some((file) => /\/fs-ext[^/]*\//.test(file));
    expect(isLoaded()).toBe(false);
    const { FileLock } = await import("../../src/index.ts");
    const lock = new FileLock(temporaryLockFile());
    expect(isLoaded()).toBe(false);
    await lock.run(() => undefined);
    expect(isLoaded()).toBe(true);
  });

  test("the first that loads serves, and those behind it are not loaded", () => {
    const all = [missing("one"), backEnd("two"), backEnd("three")];
    expect(chosen(all)).toBe("two");
    expect(all.map(({ load }) => vi.mocked(load).mock.calls.length)).toEqual([1, 1, 0]);
  });

  test("one that loads and does not reach flock(2) is passed over", () => {
    const answersAnything = backEnd("one", () => () => undefined);
    const refusesAnything = backEnd("two", () => () => {
      throw Object.assign(new Error("ENOSYS, Flock"), { code: "ENOSYS" });
    });
    expect(chosen([answersAnything, refusesAnything, backEnd("three")])).toBe("three");
  });

  test("an empty module, as a bundler leaves one, is passed over", () => {
    expect(chosen([fsExt(() => ({})), backEnd("two")])).toBe("two");
  });

  test("one that is missing now may serve the next time: a failure is not remembered", () => {
    const late = missing("one");
    expect(chosen([late, backEnd("two")])).toBe("two");
    vi.mocked(late.load).mockImplementation(() => works);
    expect(chosen([late, backEnd("two")])).toBe("one");
  });
});

describe("HOLDFAST_BACKEND", () => {
  test("forces one, and no other is loaded", () => {
    const all = [backEnd("one"), backEnd("two")];
    expect(chosen(all, { forced: "two" })).toBe("two");
    expect(all[0]!.load).not.toHaveBeenCalled();
  });

  test("forces it also where it does not load: no other takes its place", () => {
    const error = thrownBy(() => chosen([backEnd("one"), missing("two")], { forced: "two" }));
    expect(error.code).toBe("HOLDFAST_NO_BACKEND");
    expect(error.message).toContain("the module that the environment variable HOLDFAST_BACKEND names");
    expect(error.message).toContain("two                    Cannot find module 'two'\n");
    expect(error.message).toContain("\nDo without HOLDFAST_BACKEND");
    expect(error.cause).toMatchObject({ code: "MODULE_NOT_FOUND" });
  });

  test("is as good as not set where it is empty", () => {
    expect(chosen([backEnd("one"), backEnd("two")], { forced: "" })).toBe("one");
  });

  test.each(["fs_ext", "FS-EXT", " fs-ext"])("is refused where it names none: %j", (forced) => {
    const error = thrownBy(() => choose({ forced }));
    expect(error).toBeInstanceOf(RangeError);
    expect(error.code).toBe("HOLDFAST_NO_BACKEND");
    expect(error.message).toBe(
      'Expected the environment variable HOLDFAST_BACKEND to be one of "fs-ext", "fs-ext-extra-prebuilt", "node:ffi", ' +
        `or not to be set, got '${forced}'`,
    );
  });
});

describe("In a worker thread", () => {
  test("one that a worker does not survive is not loaded", () => {
    const all = [backEnd("one", () => works, false), backEnd("two")];
    expect(chosen(all, { isInWorker: true })).toBe("two");
    expect(all[0]!.load).not.toHaveBeenCalled();
  });

  test("nor is it where it is forced", () => {
    const dangerous = backEnd("one", () => works, false);
    const error = thrownBy(() => chosen([dangerous], { isInWorker: true, forced: "one" }));
    expect(error.message).toContain("it is not loaded in a worker thread");
    expect(dangerous.load).not.toHaveBeenCalled();
  });

  test("fs-ext is such a one, and no other is", () => {
    expect(BACK_ENDS.map(({ survivesWorkers }) => survivesWorkers)).toEqual([false, true, true]);
  });
});

describe("Where none serves", () => {
  const none = (): NodeJS.ErrnoException => thrownBy(() => chosen([missing("fs-ext"), missing("node:ffi")]));

  test("the error says why of each, and keeps all causes", () => {
    const error = none();
    expect(error.code).toBe("HOLDFAST_NO_BACKEND");
    expect(error.message).toContain(
      "Cannot lock: none of the modules that reach flock(2) could be loaded.\n",
    );
    expect(error.message).toContain("\n  fs-ext                 Cannot find module 'fs-ext'\n");
    expect(error.message).toContain("\n  node:ffi               Cannot find module 'node:ffi'\n");
    expect(error.message).not.toContain("Require stack");
    expect((error.cause as AggregateError).errors).toHaveLength(2);
  });

  // The list of reasons took each for an Error, and its own TypeError was all that was told.
  test.each(["a text", 5, undefined, null, {}, { message: 5 }])(
    "what is thrown may be no Error: %j",
    (thrown) => {
      const throws = (): never => {
        throw thrown; // eslint-disable-line @typescript-eslint/only-throw-error
      };
      for (const odd of [backEnd("one", throws), backEnd("one", () => throws)]) {
        const error = thrownBy(() => chosen([odd]));
        expect(error.code).toBe("HOLDFAST_NO_BACKEND");
        expect(error.message).toContain(`  one                    it threw ${inspect(thrown)}\n`);
        expect(chosen([odd, backEnd("two")])).toBe("two");
      }
    },
  );

  test("the whole of a reason is told in one line", () => {
    const foreign = backEnd("one", () => {
      throw new Error("The module 'fs_ext.node'\nwas compiled against\n a different version of Node.js.");
    });
    expect(thrownBy(() => chosen([foreign])).message).toContain(
      "  one                    The module 'fs_ext.node' was compiled against a different version of Node.js.\n",
    );
  });

  test.each([
    ["npm", "npm install fs-ext-extra-prebuilt"],
    ["pnpm", "pnpm add fs-ext-extra-prebuilt"],
    ["yarn", "yarn add fs-ext-extra-prebuilt"],
    ["bun", "bun add fs-ext-extra-prebuilt"],
    ["npm", "npm install-scripts approve fs-ext && npm rebuild fs-ext"],
    ["npm 11 and earlier", "npm rebuild fs-ext"],
    ["pnpm", "pnpm approve-builds fs-ext && pnpm rebuild fs-ext"],
    ["yarn", "yarn config set enableScripts true && yarn rebuild fs-ext"],
    ["yarn 1", "yarn install --force"],
    ["bun", "bun pm trust fs-ext"],
  ])("names, for %s: %s", (manager, command) => {
    expect(
      none()
        .message.split("\n")
        .map((line) => line.trim().split(/ {2,}/)),
    ).toContainEqual([manager, command]);
  });
});
