// Many measurements in one figure.
import { median, percentile } from "../../bench/statistics.ts";

/** The middle one and the largest, as in "0.6 ms in the median, 4 ms at most". */
export function spread(milliseconds: readonly number[]): string {
  const [middle, most] = [median(milliseconds), percentile(milliseconds, 100)];
  return `${inMs(middle)} in the median, ${inMs(most)} at most (of ${String(milliseconds.length)})`;
}

/** As in "p50 3.4 ms, p99 23.5 ms, at most 41.5 ms". */
export function quantiles(milliseconds: readonly number[]): string {
  const at = (percent: number): string => `${percentile(milliseconds, percent).toFixed(1)} ms`;
  return `p50 ${at(50)}, p99 ${at(99)}, at most ${at(100)}`;
}

function inMs(milliseconds: number): string {
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}
