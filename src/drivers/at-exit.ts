/**
 * What has to be undone when the process ends, however it ends short of SIGKILL and a crash; it still dies of what it
 * would have died of. Knows nothing of locks. Its listeners are there only while there is something to undo.
 */

/**
 * What usually ends a process from outside. What it dies of otherwise undoes nothing, as SIGKILL does not. Windows alone has SIGBREAK
 * (Ctrl+Break), and there a SIGTERM is heard by nobody. A name that a system does not have is one of an event that never comes.
 */
const SIGNALS = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGBREAK"] as const;

/** On each listener of ours: other copies of this package in the process are no programs with handlers of their own. */
const OURS = Symbol.for("holdfast.atExit");

const undos = new Set<() => void>();

/** Has `undo` called when the process ends, synchronously; it must not throw. Returns what cancels that. */
export function atExit(undo: () => void): () => void {
  if (undos.size === 0) listen();
  undos.add(undo);
  return () => {
    undos.delete(undo);
    if (undos.size === 0) deafen();
  };
}

function listen(): void {
  process.on("exit", undoAll);
  process.on("newListener", stayLast);
  // First of all: a listener for one time only is gone once it has been called, and is a handler all the same.
  for (const signal of SIGNALS) process.prependListener(signal, onSignal);
}

function deafen(): void {
  process.off("exit", undoAll);
  process.off("newListener", stayLast);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

const undoAll = Object.assign(
  (): void => {
    for (const undo of undos) undo();
    undos.clear();
  },
  { [OURS]: true },
);

/** The other listeners of "exit" still run under what is undone here. Two copies that both want to be last would never end. */
function stayLast(event: string | symbol, listener: object): void {
  if (event !== "exit" || OURS in listener) return;
  queueMicrotask(() => {
    if (undos.size === 0) return;
    process.off("exit", undoAll);
    process.on("exit", undoAll);
  });
}

const onSignal = Object.assign(
  (signal: NodeJS.Signals): void => {
    // Process 1 of a container does not die of what nobody handles: pid_namespaces(7).
    if (process.pid === 1 || isHandled(signal)) return;
    undoAll();
    deafen();
    // Whoever else is there listens as we do, and sees to the end of the process.
    if (process.listenerCount(signal) === 0) dieOf(signal);
  },
  { [OURS]: true },
);

/** Windows can be told of SIGHUP (the console was closed) and of SIGBREAK, and sends neither (ENOSYS). */
function dieOf(signal: NodeJS.Signals): void {
  try {
    process.kill(process.pid, signal);
  } catch {
    process.kill(process.pid, "SIGKILL");
  }
}

interface SignalExit {
  readonly count?: number;
}

/** Whether the program has a handler of its own, and decides itself what comes of the signal. */
function isHandled(signal: NodeJS.Signals): boolean {
  const others = process.listeners(signal).filter((listener) => !(OURS in listener)).length;
  // The package signal-exit, which many use, handles nothing either: it does so without a word where nobody else does.
  const four = (globalThis as Record<symbol, SignalExit | undefined>)[Symbol.for("signal-exit emitter")];
  const three = (process as { __signal_exit_emitter__?: SignalExit }).__signal_exit_emitter__;
  return others > (four?.count ?? 0) + (three?.count ?? 0);
}
