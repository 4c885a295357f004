/**
 * What every copy of the package in one JavaScript thread must share to agree on who owns what. It hangs on
 * `globalThis` under a format version: copies of one format work together, another format is refused at import.
 * Whatever is kept here is reached by other copies: plain fields and methods, no `#private` of another object.
 */

const FORMAT = 1;
const KEY = Symbol.for("holdfast");

interface Registry {
  readonly format: number;
  readonly slots: Map<string, unknown>;
}

const registry = find(globalThis);

function find(root: Partial<Record<symbol, Registry>>): Registry {
  const found = (root[KEY] ??= { format: FORMAT, slots: new Map() });
  if (found.format !== FORMAT) {
    throw new Error(
      `Two versions of holdfast that cannot work together were loaded in one thread (state formats ` +
        `${String(found.format)} and ${String(FORMAT)}). Install one version (npm ls holdfast shows who asks for which).`,
    );
  }
  return found;
}

/** The one value of that name in this thread; the first copy that asks makes it. */
export function shared<Value>(name: string, make: () => Value): Value {
  if (!registry.slots.has(name)) registry.slots.set(name, make());
  return registry.slots.get(name) as Value;
}
