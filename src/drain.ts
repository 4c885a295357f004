/**
 * The one deadlock that can be told for certain: the event loop has drained, and somebody still waits for a hold of
 * this process. Nothing that keeps the process alive can release it then. Knows nothing of who waits for what.
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
  watch.listener = () => {
    // The other listeners may start something that ends the wait. What they start keeps the loop alive, so it is
    // there to be seen once they have all run; if it is, the loop will drain again.
    setImmediate(() => {
      if (process.getActiveResourcesInfo().length > 0) return;
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
