/**
 * The one deadlock that can be told for certain: the event loop has drained, and somebody still waits for a hold of
 * this process. Nothing that keeps the process alive can release it then. Knows nothing of who waits for what.
 *
 * The other `beforeExit` listeners may yet start something that ends the wait. So a drained loop is run once more, and
 * looked at when all listeners have been called: only when the loop then drains without having done anything else is
 * the wait over. Two things tell whether it has: the resources that the runtime lists (some keep nothing alive, like
 * standard output: what counts is whether the list has changed), and how often the loop went round, since work in the
 * thread pool is not listed.
 */
import { shared } from "./registry.ts";

export interface Waits {
  /** Called when nothing is left to run in this thread. */
  drained(): void;
}

interface Watch {
  readonly all: Set<Waits>;
  listener: (() => void) | undefined;
}

const watch = shared<Watch>("drain", () => ({ all: new Set(), listener: undefined }));

export function watchDrain(waits: Waits): void {
  watch.all.add(waits);
  if (watch.listener !== undefined) return;
  let looked: string | undefined;
  watch.listener = () => {
    const nothingElse = looked === activity();
    setImmediate(() => {
      looked = activity();
      if (!nothingElse) return;
      for (const each of [...watch.all]) each.drained();
    });
  };
  process.on("beforeExit", watch.listener);
}

export function unwatchDrain(waits: Waits): void {
  watch.all.delete(waits);
  if (watch.all.size > 0 || watch.listener === undefined) return;
  process.off("beforeExit", watch.listener);
  watch.listener = undefined;
}

/** How far the loop has come, and what the runtime lists as active, which it does in an order of its own. */
function activity(): string {
  const { uvMetricsInfo } = performance.nodeTiming as { uvMetricsInfo?: { loopCount: number } };
  return [uvMetricsInfo?.loopCount, ...process.getActiveResourcesInfo().sort()].join();
}
