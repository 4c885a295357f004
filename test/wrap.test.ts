// Functions and methods that run under a lock: what lock.wrap keeps of them, and what it refuses.
import ts from "typescript";
import { beforeEach, describe, expect, test } from "vitest";
import { detached } from "../src/index.ts";
import { MemoryLock, memoryDriver, type MemoryDriver } from "./support/memory-driver.ts";
import { deferred, soon } from "./support/promises.ts";

const driver: MemoryDriver = memoryDriver();
const lock = new MemoryLock(driver, "/memory/work.lock");

beforeEach(() => {
  expect(driver.grants).toBe(0);
});

describe("a function", () => {
  test("gets its this and its arguments, and runs inside the lock", async () => {
    const inside = lock.wrap(function (this: { base: number }, more: number, ...rest: string[]) {
      return [this.base + more, rest, lock.lockCounter];
    });
    expect(await inside.call({ base: 40 }, 2, "a", "b")).toEqual([42, ["a", "b"], 1]);
  });

  test("keeps its name and its length", () => {
    function named(_one: number, _two: string, _three = 0): void {}
    const wrapped = lock.wrap(named);
    expect([wrapped.name, wrapped.length]).toEqual(["named", 2]);
    expect(Object.keys(wrapped)).toEqual([]);
    const key = Symbol("key");
    const { [key]: ofSymbol } = { [key]: () => {} };
    expect(lock.wrap(ofSymbol).name).toBe("[key]");
  });

  test.each([
    ["a plain result", () => 5],
    ["a promise", () => Promise.resolve(5)],
    ["a thenable", () => ({ then: (resolve: (value: number) => void) => resolve(5) }) as PromiseLike<number>],
  ])("always gives a promise: of %s", async (_, fn) => {
    const result = lock.wrap((): unknown => fn())();
    expect(result).toBeInstanceOf(Promise);
    expect(await result).toBe(5);
  });

  test("is where its holds were acquired, as errors say: where it was called", async () => {
    const gate = deferred();
    const working = lock.wrap(() => gate.promise)();
    expect(() => detached(() => lock.acquireSync())).toThrow(/was acquired at [^ ]*.*wrap\.test\.ts:\d+/);
    gate.resolve();
    await working;
  });

  test("rejects with what it throws, having released", async () => {
    const fault = new Error("of the work");
    const wrapped = lock.wrap(() => {
      throw fault;
    });
    await expect(wrapped()).rejects.toBe(fault);
    expect(driver.grants).toBe(0);
  });

  test("excludes its other calls, and nests in itself", async () => {
    const gate = deferred();
    let inside = 0;
    const recursive: (depth: number) => Promise<number> = lock.wrap(async (depth: number) => {
      expect(++inside).toBe(lock.lockCounter);
      await gate.promise;
      const deepest = depth === 0 ? lock.lockCounter : await recursive(depth - 1);
      inside--;
      return deepest;
    });
    const calls = [recursive(2), recursive(3)];
    await new Promise((resolve) => setImmediate(resolve));
    expect(inside).toBe(1);
    gate.resolve();
    expect(await soon(Promise.all(calls), "both calls")).toEqual([3, 4]);
  });

  test("acquires with the options given, at each call", async () => {
    const letGo = driver.seize("/memory/work.lock");
    let calls = 0;
    const wrapped = lock.wrap(() => ++calls, { timeout: 0 });
    await expect(wrapped()).rejects.toMatchObject({ name: "Timeout", timeout: 0 });
    letGo();
    expect([await wrapped(), await wrapped()]).toEqual([1, 2]);
  });

  test("is made by a wrap that was taken off its lock too", async () => {
    const { wrap } = lock;
    expect(await wrap(() => lock.isLocked)()).toBe(true);
  });

  test.each([[undefined], [null], [5], ["work"]])("is wanted, not %o", (value) => {
    expect(() => lock.wrap(value as never)).toThrow(TypeError);
    expect(() => lock.wrap(value as never)).toThrow("Expected wrap() to be given a function, got `");
  });
});

describe("a decorated method", () => {
  class Account {
    static opened = 0;
    #balance = 0;

    @lock.wrap
    static async open(owner: string): Promise<string> {
      Account.opened++;
      return `${owner} ${String(lock.lockCounter)} ${String(this === Account)}`;
    }

    @lock.wrap
    async pay(amount: number, ...more: number[]): Promise<number> {
      const before = this.#balance;
      await Promise.resolve();
      this.#balance = before + amount + more.length;
      return lock.lockCounter;
    }

    @lock.wrap
    async #close(): Promise<number> {
      return this.#balance;
    }

    @lock.wrap
    async payAndClose(amount: number): Promise<[number, number]> {
      return [await this.pay(amount), await this.#close()];
    }
  }

  test("runs inside the lock with its this, and nests", async () => {
    const account = new Account();
    expect(await account.pay(1, 0, 0)).toBe(1);
    expect(await account.payAndClose(4)).toEqual([2, 7]);
    expect(driver.grants).toBe(0);
  });

  test("loses no update, though many calls run at once", async () => {
    const account = new Account();
    await Promise.all(Array.from({ length: 50 }, () => account.pay(1)));
    expect(await account.payAndClose(0)).toEqual([2, 50]);
  });

  test("keeps its name and length, and stays on the prototype", () => {
    const { pay } = Account.prototype;
    expect([pay.name, pay.length]).toEqual(["pay", 1]);
  });

  test("may be static", async () => {
    expect(await Account.open("ann")).toBe("ann 1 true");
    expect([Account.open.name, Account.opened]).toEqual(["open", 1]);
  });
});

describe("a method that is decorated with options", () => {
  class Till {
    sales = 0;

    @lock.wrap({ timeout: 0 })
    async sell(price: number): Promise<number> {
      this.sales += price;
      return lock.lockCounter;
    }
  }

  test("acquires with them, at each call, and is like any other", async () => {
    const till = new Till();
    const letGo = driver.seize("/memory/work.lock");
    await expect(till.sell(5)).rejects.toMatchObject({ name: "Timeout", timeout: 0 });
    letGo();
    expect([await till.sell(3), await till.sell(4), till.sales]).toEqual([1, 1, 7]);
    expect([till.sell.name, till.sell.length]).toEqual(["sell", 1]);
  });

  test("is decorated with options that are checked at once", () => {
    expect(() => lock.wrap({ timeout: "10" } as never)).toThrow("Expected `timeout` to be a finite number");
    expect(() => lock.wrap({ mode: 0o600 } as never)).toThrow("Unknown option `mode`");
  });
});

describe("what is no method is not decorated", () => {
  const addInitializer = (): void => {};
  const decorate = lock.wrap as unknown as (value: unknown, context: object) => unknown;

  test.each([
    ["getter", (): void => {}],
    ["setter", (): void => {}],
    [
      "class",
      class Account {
        balance = 0;
      },
    ],
    ["field", undefined],
    ["accessor", { get: (): void => {}, set: (): void => {} }],
  ])("a %s", (kind, value) => {
    const context = { kind, name: "x", static: false, private: false, metadata: {}, addInitializer };
    expect(() => decorate(value, context)).toThrow(TypeError);
    const withOptions = lock.wrap({}) as unknown as typeof decorate;
    expect(() => withOptions(value, context)).toThrow(TypeError);
    expect(() => decorate(value, context)).toThrow(
      new RegExp(`^Expected @lock.wrap to decorate a method, got an? ${kind}$`),
    );
  });
});

// They got no further than "Expected the options to be an object, got `'m'` (string)".
describe("legacy decorators are refused, and say what to do", () => {
  const REMEDY = "Turn `experimentalDecorators` off, or wrap the function: const work = lock.wrap(fn)";

  test.each([
    ["a method", "@wrap async work() {}"],
    ["a static method", "@wrap static async work() {}"],
    ["a method whose key is a symbol", "@wrap async [Symbol.iterator]() {}"],
    ["a getter", "@wrap get work() { return 1; }"],
    ["a field", "@wrap work = 1;"],
    ["a method, with options", "@wrap({ timeout: 10 }) async work() {}"],
    ["a static method, with options", "@wrap({}) static async work() {}"],
    ["a field, with options", "@wrap({}) work = 1;"],
  ])("%s", async (_, member) => {
    const { outputText } = ts.transpileModule(
      `export const make = (wrap) => { class Account { ${member} } };`,
      {
        compilerOptions: {
          experimentalDecorators: true,
          module: ts.ModuleKind.ESNext,
          target: ts.ScriptTarget.ES2022,
        },
      },
    );
    const { make } = (await import(`data:text/javascript,${encodeURIComponent(outputText)}`)) as {
      make: (wrap: unknown) => void;
    };
    expect(() => make(lock.wrap)).toThrow(TypeError);
    expect(() => make(lock.wrap)).toThrow(
      /^Expected @lock\.wrap to be used as a standard decorator, got a legacy one, of `(work|Symbol\(Symbol\.iterator\))`\. /,
    );
    expect(() => make(lock.wrap)).toThrow(REMEDY);
  });

  test("but a key in place of the options is not taken for one", () => {
    expect(() => lock.wrap(() => 5, "work" as never)).toThrow(
      "Expected the options to be an object, got `'work'` (string)",
    );
  });
});
