// Many measurements in one figure.

/** The middle one and the largest, as in "0.6 ms in the median, 4 ms at most". */
export function spread(milliseconds: readonly number[]): string {
  const sorted = [...milliseconds].sort((one, other) => one - other);
  const [median, most] = [sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!];
  return `${inMs(median)} in the median, ${inMs(most)} at most (of ${String(sorted.length)})`;
}

function inMs(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}
