/**
 * What has to be undone when the process ends, however it ends short of SIGKILL and a crash: signal-exit sees to it that
 * it still dies of what it dies of. Knows nothing of locks.
 */
import { onExit } from "signal-exit";

/** Has `undo` called when the process ends, synchronously. Returns what cancels that. */
export function atExit(undo: () => void): () => void {
  return onExit(() => {
    undo();
  });
}
