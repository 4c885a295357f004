// A crowd that goes through a door for two.

/** Calls `fn` for each of `all` in order, for two of them at a time, and begins at once. */
export function twoAtATime<Item, Result>(
  all: readonly Item[],
  fn: (item: Item) => Promise<Result>,
): Map<Item, Promise<Result>> {
  const queue: (() => Promise<unknown>)[] = [];
  const results = all.map((item) => {
    const result = new Promise<Result>((resolve) => {
      queue.push(() => {
        const called = fn(item);
        resolve(called);
        return called.catch(() => undefined);
      });
    });
    return [item, result] as const;
  });
  const goThrough = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await next();
  };
  void goThrough();
  void goThrough();
  return new Map(results);
}
