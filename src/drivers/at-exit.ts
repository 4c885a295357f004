/**
 * What has to be undone when the process ends, however it ends short of SIGKILL and a crash: signal-exit sees to it that
 * it still dies of what it dies of, and of nothing else. Knows nothing of locks.
 */
import { onExit, signals } from "signal-exit";

/** Has `undo` called when the process ends, synchronously. Returns what cancels that. */
export function atExit(undo: () => void): () => void {
  const before = new Map(signals.map((name) => [name, process.listenerCount(name)]));
  const cancel = onExit(() => {
    undo();
  });
  for (const name of signals) if (process.listenerCount(name) > (before.get(name) ?? 0)) listenFirst(name);
  leaveToWrite();
  return cancel;
}

/**
 * 1. The program says `process.once("SIGTERM", cleanUp)`. 2. signal-exit comes to listen behind it. 3. SIGTERM: Node forgets the
 * listener and calls it. 4. signal-exit finds itself alone, and the process dies in the middle of cleanUp. So it looks first.
 */
function listenFirst(name: NodeJS.Signals): void {
  const listener = process.listeners(name).at(-1);
  if (listener === undefined) return;
  process.prependListener(name, listener); // before it is removed: without any, the signal would be as the kernel has it
  process.removeListener(name, listener); // takes the last one
}

/** Node ignores SIGXFSZ, so that the write that is too long fails. signal-exit lets a process die of what nobody else hears. */
function leaveToWrite(): void {
  if (process.listenerCount("SIGXFSZ") === 1) process.on("SIGXFSZ", () => undefined);
}
