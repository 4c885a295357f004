/** Functions and methods that run under a lock: what `lock.wrap` makes. Knows of the lock only how to run under it. */
import { checkAcquireOptions, checkIsObject, checkWork, type AcquireOptions } from "./options.ts";

/** The same function, but it acquires first, and so always gives a promise. */
export type Wrapped<This, Args extends unknown[], Result> = (
  this: This,
  ...args: Args
) => Promise<Awaited<Result>>;

/** A decorator of methods that give a promise. */
export type DecorateMethod = <Method extends (...args: never) => Promise<unknown>>(
  method: Method,
  context: ClassMethodDecoratorContext,
) => Method;

/**
 * `lock.wrap`: of a function, with the options of the acquisition; as a decorator of methods; or of the options alone,
 * which makes such a decorator.
 */
export interface Wrap {
  <Method extends (...args: never) => Promise<unknown>>(
    method: Method,
    context: ClassMethodDecoratorContext,
  ): Method;
  <This, Args extends unknown[], Result>(
    fn: (this: This, ...args: Args) => Result,
    options?: AcquireOptions,
  ): Wrapped<This, Args, Result>;
  (options: AcquireOptions): DecorateMethod;
}

/** Gets the function that is called by whoever acquires, too. */
type Run = <Result>(fn: () => Result, options: AcquireOptions, from: Work) => Promise<Awaited<Result>>;

type Work = (this: unknown, ...args: unknown[]) => unknown;

export function wrapWith(run: Run): Wrap {
  // People see its name, which a minifier leaves to what is called after its property.
  const { wrap } = {
    wrap: (
      given: Work | AcquireOptions,
      more?: AcquireOptions | DecoratorContext,
      ...rest: unknown[]
    ): Wrapped<unknown, unknown[], unknown> | DecorateMethod => {
      refuseLegacy(given, more, rest);
      if (more !== undefined || typeof given !== "object" || (given as unknown) === null) {
        return wrapped(given as Work, optionsOf(more), run);
      }
      checkAcquireOptions(given);
      const decorate = <Method>(method: Method, context: DecoratorContext, ...others: unknown[]): Method => {
        refuseLegacy(method, context, others);
        optionsOf(context);
        return wrapped(method as Work, given, run) as Method;
      };
      return decorate;
    },
  };
  return wrap as Wrap;
}

function wrapped(fn: Work, options: AcquireOptions, run: Run): Wrapped<unknown, unknown[], unknown> {
  checkWork(fn, "wrap");
  const guarded = function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return run(() => fn.apply(this, args), options, guarded);
  };
  for (const property of ["name", "length"] as const) {
    Object.defineProperty(guarded, property, { value: fn[property], configurable: true });
  }
  return guarded;
}

/**
 * A legacy decorator gets the prototype (or the class, of what is static), the key, and the descriptor, which a field has
 * none of.
 */
function refuseLegacy(target: unknown, key: unknown, rest: unknown[]): void {
  const isKey = typeof key === "string" || typeof key === "symbol";
  if (!isKey || (rest.length === 0 && typeof target !== "object")) return;
  throw new TypeError(
    `Expected @lock.wrap to be used as a standard decorator, got a legacy one, of \`${String(key)}\`. ` +
      "Turn `experimentalDecorators` off, or wrap the function: const work = lock.wrap(fn)",
  );
}

/** A stage-3 decorator gets a context as its second argument, with the kind of what it decorates. */
function optionsOf(given: AcquireOptions | DecoratorContext = {}): AcquireOptions {
  checkIsObject(given);
  if ("kind" in given && "addInitializer" in given) {
    if (given.kind === "method") return {};
    throw new TypeError(`Expected @lock.wrap to decorate a method, got a ${given.kind}`);
  }
  checkAcquireOptions(given);
  return given;
}
