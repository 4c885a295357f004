// Through the package's own name, so that `exports` is part of what is compiled. Without disposables in `lib` all of it is
// there, `await using` too.
import { Deadlock, detached, FileLock, LockLost, LockUnsupported, Timeout } from "holdfast";
import type { AcquireOptions, Hold, Holder, LockEvent, LockOptions, WaitEvent, Wrapped } from "holdfast";

const given: LockOptions = { timeout: 10, onWait: (event: WaitEvent) => void event.elapsed };
const lock = new FileLock("work.lock", given);

export const wrapped: Wrapped<unknown, [number], string> = lock.wrap(async (one: number) => String(one));

export async function use(options: AcquireOptions): Promise<readonly Holder[]> {
  const hold: Hold = await lock.acquire(options);
  try {
    const doubled: number = await lock.run(async ({ fd }) => 2 * (fd ?? 0));
    const maybe: Hold | undefined = await detached(() => lock.tryAcquire());
    await maybe?.release();
    lock.tryAcquireSync()?.releaseSync();
    return doubled > 0 ? await lock.holder() : [];
  } catch (error) {
    if (error instanceof Timeout) return error.holder;
    if (error instanceof Deadlock || error instanceof LockUnsupported || error instanceof LockLost) return [];
    throw error;
  } finally {
    await hold.release();
  }
}

export async function stacked(): Promise<Hold> {
  await using hold: AsyncDisposable & Hold = await lock.acquire();
  await using stack = new AsyncDisposableStack();
  return stack.use(hold);
}

export function look(event: LockEvent): string {
  return `${event.lockFile} ${event.holdId.toFixed()}`;
}
