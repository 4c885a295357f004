/** Functions and methods that run under a lock: what `lock.wrap` makes. Knows of the lock only how to run under it. */
import { checkAcquireOptions, checkIsObject, quote, type AcquireOptions } from "./options.ts";

/** The same function, but it acquires first, and so always gives a promise. */
export type Wrapped<This, Args extends unknown[], Result> = (
  this: This,
  ...args: Args
) => Promise<Awaited<Result>>;

/** `lock.wrap`: of a function, with the options of the acquisition; or as a decorator of methods. */
export interface Wrap {
  <Method extends (...args: never) => Promise<unknown>>(
    method: Method,
    context: ClassMethodDecoratorContext,
  ): Method;
  <This, Args extends unknown[], Result>(
    fn: (this: This, ...args: Args) => Result,
    options?: AcquireOptions,
  ): Wrapped<This, Args, Result>;
}

type Run = <Result>(fn: () => Result, options: AcquireOptions) => Promise<Awaited<Result>>;

export function wrapWith(run: Run): Wrap {
  return <This, Args extends unknown[], Result>(
    fn: (this: This, ...args: Args) => Result,
    given: AcquireOptions | DecoratorContext = {},
  ): Wrapped<This, Args, Result> => {
    const options = optionsOf(given);
    if (typeof fn !== "function") {
      throw new TypeError(`Expected wrap() to be given a function, got ${quote(fn)}`);
    }
    const wrapped = function (this: This, ...args: Args): Promise<Awaited<Result>> {
      return run(() => fn.apply(this, args), options);
    };
    for (const property of ["name", "length"] as const) {
      Object.defineProperty(wrapped, property, { value: fn[property], configurable: true });
    }
    return wrapped;
  };
}

/** A stage-3 decorator gets a context as its second argument, with the kind of what it decorates. */
function optionsOf(given: AcquireOptions | DecoratorContext): AcquireOptions {
  checkIsObject(given);
  if ("kind" in given && "addInitializer" in given) {
    if (given.kind === "method") return {};
    throw new TypeError(`Expected @lock.wrap to decorate a method, got a ${given.kind}`);
  }
  checkAcquireOptions(given);
  return given;
}
