/**
 * Which holds the code that is running was started under: the one place that touches async context. Knows nothing
 * of lock files; what it keeps is a chain of owners, innermost first.
 *
 * `run()` enters its context with AsyncLocalStorage.run: it flows into what is started inside, and nowhere else.
 * A bare `acquire()` marks the rest of its caller's turn with enterWith, since no other call can be seen by the
 * code that awaits it.
 *
 * Node 20 and 22 keep that mark on the current async *resource*, and a timer, socket, port or signal handler would
 * begin its next event with it: 1. A timer's callback acquires, and is marked. 2. Its hold lives on in the task it
 * started. 3. The timer fires again, still marked, and its new task nests into that hold: two inside. So the mark is
 * taken off the resource as soon as the turn has ended, in a microtask that comes before any continuation of
 * acquire(). There is no public way to do that; where the private one is missing, nothing is marked, so that bare
 * nesting is off rather than wrong.
 */
import { AsyncLocalStorage, executionAsyncResource } from "node:async_hooks";
import { Owner } from "./owner.ts";
import { shared } from "./registry.ts";

type Resource = Record<symbol, Owner | undefined>;

interface Mark {
  readonly resource: Resource;
  readonly before: Owner | undefined;
  owner: Owner;
}

const storage = shared("storage", () => {
  const made = new AsyncLocalStorage<Owner>();
  // On Node 20 and 22 a storage follows only the promises made after its first use: a task that was waiting already
  // would resume in whatever context is current. So it is switched on before anybody can wait.
  made.run(nobody(), () => undefined);
  return made;
});

const resourceKey = privateKeyOf(storage);
const canMark = resourceKey !== undefined || Number(process.versions.node.split(".", 1)[0]) >= 24;
const marks = shared<Mark[]>("marks", () => []);
const settled = Promise.resolve();

/** The innermost hold that admits now, of those the running code was started under. Forgets the dead ones on the way. */
export function innermost(): Owner | undefined {
  let first = storage.getStore();
  while (first !== undefined && !first.admitting) first = first.outer;
  for (let owner = first; owner !== undefined; owner = owner.outer) {
    while (owner.outer !== undefined && !owner.outer.admitting) owner.outer = owner.outer.outer;
  }
  return first;
}

/** The acquisition that marked the running code last, whatever became of it. */
export function latest(): Owner | undefined {
  return storage.getStore();
}

/** Calls `fn` under `owner`. */
export function under<Args extends unknown[], Result>(
  owner: Owner,
  fn: (...args: Args) => Result,
  ...args: Args
): Result {
  return storage.run(owner, fn, ...args);
}

/** Marks the rest of the running turn, and what is started in it, with `owner`. */
export function mark(owner: Owner): void {
  if (!canMark) return;
  if (resourceKey === undefined) {
    storage.enterWith(owner);
    return;
  }
  const resource = executionAsyncResource() as Resource;
  const before = resource[resourceKey];
  storage.enterWith(owner);
  const last = marks.at(-1);
  if (last?.resource === resource && last.owner === before) {
    last.owner = owner; // a second mark in one turn: what stood there before the first is what comes back
    return;
  }
  marks.push({ resource, before, owner });
  if (marks.length === 1)
    void settled.then(() => {
      takeOff(resourceKey);
    });
}

/** A mark that is no longer there was taken off by somebody's run(), which put back what it had found. */
function takeOff(key: symbol): void {
  for (let last = marks.pop(); last !== undefined; last = marks.pop()) {
    if (last.resource[key] === last.owner) last.resource[key] = last.before;
  }
}

/**
 * Runs `fn` owning nothing: what it starts does not nest in the holds that the caller has, and waits for them like
 * everybody else. For work that is started inside a hold and meant to outlive it.
 *
 * @param fn is called at once, without arguments.
 * @returns what `fn` returns.
 * @throws what `fn` throws.
 * @example
 * await lock.run(async () => {
 *   detached(() => void refreshLater()); // may acquire the lock itself, after this hold
 * });
 */
export function detached<Result>(fn: () => Result): Result {
  return storage.run(nobody(), fn);
}

/** Always a new one: entering the store that is current already is a plain call, and would isolate nothing. */
function nobody(): Owner {
  return new Owner(
    { held: new Set(), waiting: 0 },
    { lockFile: "", id: 0, kind: "object", bare: false, mode: undefined, remove: false, order: "any" },
  );
}

function privateKeyOf(store: AsyncLocalStorage<Owner>): symbol | undefined {
  const { kResourceStore: key } = store as { kResourceStore?: unknown };
  if (typeof key !== "symbol") return undefined;
  const probe = nobody();
  const works = store.run(probe, () => (executionAsyncResource() as Resource)[key] === probe);
  return works ? key : undefined;
}
