/** The few statistics that the measurements need. None of them changes its argument. */

/** The value that half of `values` do not exceed; between two, their mean. NaN of nothing. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The least of `values` that at least `percent` per cent of them do not exceed (nearest rank). NaN of nothing. */
export function percentile(values: ArrayLike<number>, percent: number): number {
  const sorted = Float64Array.from(values).sort();
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.max(rank, 1) - 1] ?? NaN;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/**
 * How many times `a` takes as long as `b`: the median of the ratios round by round. What slows a machine down for a
 * while slows both down, and cancels out.
 */
export function ratio(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) throw new RangeError(`Expected as many rounds, got ${a.length} and ${b.length}`);
  return median(a.map((value, round) => value / b[round]!));
}
