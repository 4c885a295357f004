// What a test may believe of a promise that has not settled: that it is blocked, or that it is stuck.

// Kept before a test can replace it with a fake timer.
const later = globalThis.setTimeout;

const BLOCKED_AFTER_MS = 10;
const patienceMs = process.env["STUCK_AFTER_MS"];
/** Whether a fault is to be found out, and its absence has been shown before: then less patience will do. */
export const isToFail = patienceMs !== undefined;
const STUCK_AFTER_MS = Number(patienceMs ?? 10_000);

/** The value of `promise`; an error that says what did not happen, after ten seconds unless told otherwise. */
export async function soon<Value>(
  promise: Promise<Value>,
  what: string,
  stuckAfterMs = STUCK_AFTER_MS,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timer = later(() => {
      reject(new Error(`Stuck: ${what}`));
    }, stuckAfterMs).unref();
  });
  try {
    return await Promise.race([promise, stuck]);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws where `promise` settles within ten milliseconds. What it rejects with later is the caller's to handle. */
export async function blocked(promise: Promise<unknown>): Promise<void> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  const pause = new Promise<false>((resolve) =>
    later(() => {
      resolve(false);
    }, BLOCKED_AFTER_MS),
  );
  if (await Promise.race([settled, pause])) throw new Error("Expected it to wait, but it has settled");
}

/** A promise that is settled from outside. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  resolve(value: Value): void;
}

export function deferred<Value = void>(): Deferred<Value> {
  let resolve!: (value: Value) => void;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
