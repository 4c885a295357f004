/**
 * What has to be undone when the process ends, however it ends short of SIGKILL and a crash; it still dies of what it
 * would have died of. Knows nothing of locks. Whatever it puts up is there only while there is something to undo.
 */

/**
 * What ends a process by default, sent from outside. Not SIGPIPE and SIGXFSZ: Node ignores those, and would not any longer
 * once somebody has listened for them. Not SIGUSR1 and SIGPROF: the debugger's and the profiler's.
 */
const SIGNALS: readonly NodeJS.Signals[] = [
  ...(["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGABRT", "SIGALRM", "SIGVTALRM", "SIGUSR2"] as const),
  ...(["SIGTRAP", "SIGSYS", "SIGXCPU", "SIGIO", "SIGPWR", "SIGSTKFLT"] as const),
];

/** On each listener of ours: other copies of this package in the process are no programs with handlers of their own. */
const OURS = Symbol.for("holdfast.atExit");

/** On what we put in the place of a call: what was there before. */
const BEFORE = Symbol.for("holdfast.before");

/** Calls that everybody may replace in `process`; Node looks them up there each time. */
interface Call {
  (this: unknown, ...args: unknown[]): unknown;
  readonly [BEFORE]?: Call;
}
type Calls = Record<"emit" | "reallyExit", Call>;
const calls = process as unknown as Calls;

const undos = new Set<() => void>();
let isListening = false;

/** Has `undo` called when the process ends, synchronously; it must not throw. Returns what cancels that. */
export function atExit(undo: () => void): () => void {
  undos.add(undo);
  if (!isListening) {
    isListening = true;
    for (const signal of SIGNALS) listen(signal);
    hook("emit", undoAfterExit);
    hook("reallyExit", undoBeforeEnd);
  }
  return () => {
    undos.delete(undo);
    if (undos.size > 0) return;
    unhook("emit");
    unhook("reallyExit");
    deafen();
  };
}

function undoAll(): void {
  for (const undo of undos) undo();
}

const onSignal = Object.assign(
  (signal: NodeJS.Signals): void => {
    if (isHandled(signal)) return;
    undoAll();
    deafen();
    // Whoever else is there listens as we do, and sees to the end of the process.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  },
  { [OURS]: true },
);

/** First of all: a listener for one time only is gone once it has been called, and is a handler all the same. */
function listen(signal: NodeJS.Signals): void {
  try {
    process.prependListener(signal, onSignal);
  } catch {
    // this system has no such signal
  }
}

function deafen(): void {
  isListening = false;
  for (const signal of SIGNALS) process.removeListener(signal, onSignal);
}

interface SignalExit {
  readonly count?: number;
}

/** Whether the program has a handler of its own, and decides itself what comes of the signal. */
function isHandled(signal: NodeJS.Signals): boolean {
  const others = process.listeners(signal).filter((listener) => !(OURS in listener)).length;
  // The listeners of signal-exit, 4 and 3, handle nothing either; they do without a word where nobody else does.
  const four = (globalThis as Record<symbol, SignalExit | undefined>)[Symbol.for("signal-exit emitter")];
  const three = (process as { __signal_exit_emitter__?: SignalExit }).__signal_exit_emitter__;
  return others > (four?.count ?? 0) + (three?.count ?? 0);
}

const hooks: Partial<Calls> = {};

/** Puts what `replace` makes of it in the place of a call; unless it is there yet, behind that of another copy. */
function hook(name: keyof Calls, replace: (before: Call) => Call): void {
  for (let call: Call | undefined = calls[name]; call !== undefined; call = call[BEFORE]) {
    if (call === hooks[name]) return;
  }
  const before = calls[name];
  calls[name] = hooks[name] = Object.assign(replace(before), { [BEFORE]: before });
}

/** Where somebody has put something in front of it since, it stays, and has nothing to undo. */
function unhook(name: keyof Calls): void {
  const before = hooks[name]?.[BEFORE];
  if (before === undefined || calls[name] !== hooks[name]) return;
  // Not as a property of the process itself, which would hide what others do to the class.
  if (before === (Object.getPrototypeOf(process) as Calls)[name]) Reflect.deleteProperty(process, name);
  else calls[name] = before;
}

/** Last of all: the listeners of "exit" still run under what is undone here. */
function undoAfterExit(emit: Call): Call {
  return function (...args) {
    if (args[0] !== "exit") return Reflect.apply(emit, this, args);
    try {
      return Reflect.apply(emit, this, args);
    } finally {
      undoAll();
    }
  };
}

/** A listener of "exit" that calls process.exit() ends the process in the middle of it. */
function undoBeforeEnd(reallyExit: Call): Call {
  return function (...args) {
    undoAll();
    return Reflect.apply(reallyExit, this, args);
  };
}
