// The charts: what they say in words, and that no figure gets lost on the way.
import { describe, expect, test } from "vitest";
import { fairnessChart, handOffChart } from "../../bench/chart.ts";

describe("charts", () => {
  test("show each subject, and say in words what they show", () => {
    const rows = [
      { name: "holdfast, any", p50: 200, p99: 900 },
      { name: "a < b & c", p50: 25_000, p99: 49_000 },
    ];
    const chart = handOffChart(rows, "a machine");
    expect(chart).toContain("holdfast, any 0.2 ms, p99 0.9 ms; a &lt; b &amp; c 25 ms, p99 49 ms</desc>");
    for (const shown of ["a &lt; b &amp; c</text>", ">0.1</text>", ">100</text>", ">a machine</text>"]) {
      expect(chart).toContain(shown);
    }
    expect(chart).not.toContain("NaN");
  });

  test("show the holds of each process, fewest first, and none as none", () => {
    const chart = fairnessChart({ "holdfast, fifo": [51, 50], polled: [90, 0] }, "a machine");
    expect(chart).toContain("holdfast, fifo: 50, 51; polled: 0, 90</desc>");
    expect(chart).toContain(">0 to 90</text>");
    expect(chart).not.toContain("NaN");
  });
});
