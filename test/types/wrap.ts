// Types of lock.wrap: compiled, never run.
import { expectTypeOf } from "vitest";
import type { FileLock, Wrapped } from "../../src/index.ts";

declare const lock: FileLock;

/** Of functions: this and the arguments stay, the result is awaited. */
export function functions(): void {
  expectTypeOf(lock.wrap(() => 5)).toEqualTypeOf<Wrapped<unknown, [], number>>();
  expectTypeOf(lock.wrap(() => 5)).returns.toEqualTypeOf<Promise<number>>();
  expectTypeOf(lock.wrap(() => Promise.resolve("five"))).returns.toEqualTypeOf<Promise<string>>();
  expectTypeOf(lock.wrap((): number | Promise<string> => 5)).returns.toEqualTypeOf<
    Promise<number | string>
  >();
  expectTypeOf(lock.wrap(() => {})).returns.toEqualTypeOf<Promise<void>>();
  expectTypeOf(lock.wrap((): never => process.exit())).returns.toEqualTypeOf<Promise<never>>();

  const work = lock.wrap((one: number, two?: string, ...rest: boolean[]) => [one, two, rest] as const);
  expectTypeOf(work).parameters.toEqualTypeOf<[one: number, two?: string | undefined, ...rest: boolean[]]>();
  expectTypeOf(work(1, "two", true)).resolves.toEqualTypeOf<
    readonly [number, string | undefined, boolean[]]
  >();
  // @ts-expect-error -- a string where a number belongs
  void work("one");
  // @ts-expect-error -- no argument where one belongs
  void work();

  const method = lock.wrap(function (this: { base: number }, more: number) {
    return this.base + more;
  });
  expectTypeOf(method).thisParameter.toEqualTypeOf<{ base: number }>();
  void method.call({ base: 1 }, 2);
  // @ts-expect-error -- the wrong this
  void method.call({ bass: 1 }, 2);
  // @ts-expect-error -- no this at all
  void method(2);
}

/** Options are those of acquire(). */
export function options(): void {
  void lock.wrap(() => 5, { timeout: 1, signal: AbortSignal.timeout(1), onWait: ({ elapsed }) => elapsed });
  // @ts-expect-error -- an option of the lock, not of an acquisition
  void lock.wrap(() => 5, { mode: 0o600 });
  // @ts-expect-error -- an option of the lock, without a function
  void lock.wrap({ mode: 0o600 });
  // @ts-expect-error -- no function
  void lock.wrap(5);
}

/** As a decorator: methods that give a promise already keep their type, and no others are taken. */
export class Decorated {
  @lock.wrap
  async generic<Value>(value: Value): Promise<Value[]> {
    return Promise.resolve([value]);
  }

  readonly #base = 40;

  @lock.wrap
  async plus(more: number, ..._rest: string[]): Promise<number> {
    return this.#base + more;
  }

  @lock.wrap({ timeout: 10 })
  async minus(less: number): Promise<number> {
    return Promise.resolve(this.#base - less);
  }

  // @ts-expect-error -- it would give a promise where its type says number
  @lock.wrap({ timeout: 10 })
  also(): number {
    return this.#base;
  }

  @lock.wrap
  static async make(base: string): Promise<Decorated> {
    return Promise.resolve(base).then(() => new Decorated());
  }

  @lock.wrap
  async #hidden(): Promise<void> {}

  // @ts-expect-error -- it would give a promise where its type says number
  @lock.wrap
  synchronous(): number {
    return this.#base;
  }

  // @ts-expect-error -- not a method
  @lock.wrap
  get value(): number {
    void this.#hidden();
    return this.#base;
  }

  // @ts-expect-error -- not a method
  @lock.wrap
  field = 5;
}

expectTypeOf<Decorated["plus"]>().toEqualTypeOf<(more: number, ..._rest: string[]) => Promise<number>>();
expectTypeOf<Decorated["minus"]>().toEqualTypeOf<(less: number) => Promise<number>>();
expectTypeOf<Decorated["generic"]>().toEqualTypeOf<<Value>(value: Value) => Promise<Value[]>>();
expectTypeOf(Decorated.make).toEqualTypeOf<(base: string) => Promise<Decorated>>();
