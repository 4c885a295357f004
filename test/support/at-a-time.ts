// A crowd that goes through a door for a few.

/** Calls `fn` for each of `all` in order, for `most` of them at a time, and begins at once. */
export function atATime<Item, Result>(
  most: number,
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
  for (let door = 0; door < most; door++) void goThrough();
  return new Map(results);
}
