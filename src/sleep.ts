/** How a thread waits without its event loop. */

const nothing = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Blocks the thread for that many milliseconds: no timer, no I/O and no other task runs meanwhile. */
export function sleep(milliseconds: number): void {
  if (milliseconds > 0) Atomics.wait(nothing, 0, 0, milliseconds);
}
