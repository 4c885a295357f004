// Through the package's own name, so that `exports` is part of what is compiled.
import { FileLock, type Hold } from "holdfast";

const lock = new FileLock("work.lock");

export async function use(): Promise<number | undefined> {
  await using hold = await lock.acquire();
  await using maybe = await lock.tryAcquire();
  const disposable: AsyncDisposable = hold;
  return disposable === maybe ? undefined : hold.fd;
}

export async function stacked(): Promise<Hold> {
  await using stack = new AsyncDisposableStack();
  return stack.use(await lock.acquire());
}

export async function synchronously(): Promise<void> {
  // @ts-expect-error -- a release has to be awaited
  using hold = await lock.acquire();
  await hold.release();
}

export function withoutPromise(): number | undefined {
  using hold = lock.acquireSync();
  using maybe = lock.tryAcquireSync({ shared: true });
  const disposable: Disposable = hold;
  return disposable === maybe ? undefined : hold.fd;
}
