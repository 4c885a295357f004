/**
 * The one deadlock that can be told for certain: the event loop has drained, and somebody still waits for a hold of
 * this process. Nothing that keeps the process alive can release it then. Knows nothing of who waits for what.
 *
 * The other `beforeExit` listeners may yet start something that ends the wait. So a drained loop is run once more, and
 * looked at when all listeners have been called: if one of them has started something, the loop will drain again when
 * that is over, and the next look is then. Handles that keep nothing alive (standard output, say) are listed too, so
 * what counts is whether the list is longer than it is when the loop has drained.
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
  let afterTheOthers: string | undefined;
  watch.listener = () => {
    if (afterTheOthers === active()) {
      for (const each of [...watch.all]) each.drained();
      return;
    }
    setImmediate(() => {
      afterTheOthers = active();
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

/** What the runtime lists as active, in an order of its own. */
function active(): string {
  return process.getActiveResourcesInfo().sort().join();
}
