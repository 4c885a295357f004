// The locks against a model of who may be inside: steps in any order, by several tasks through several objects on two lock
// files, while strangers hold, remove and replace those. After each step everybody is where the model says.
//
// What fails is shortened, and printed with its seed. To see it again:
//
//   HOLDFAST_SEED=<seed> npx vitest run test/stress/model.test.ts
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isToFail } from "../support/promises.ts";
import { BEGINNINGS, steps } from "./model/commands.ts";
import { WorldModel } from "./model/world-model.ts";
import { World } from "./model/world.ts";
import { noteFigure, scaled } from "./scale.ts";

/** With each beginning. */
const RUNS = scaled(500, 10_000);
const MOST_STEPS = 110;

/** The codes of the process warnings. */
let warnings: string[];

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"],
  });
  vi.spyOn(process, "emitWarning").mockImplementation((_message, options) => {
    warnings.push((options as unknown as { readonly code: string }).code);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test.each(BEGINNINGS.map((beginning) => [beginning.who, beginning] as const))(
  "Whatever is done by %s, those are inside whom the model lets in, and nothing is left",
  async (who, { tasks, first }) => {
    const seed = process.env["HOLDFAST_SEED"];
    let done = 0;
    const rows = fc.commands(steps(), { maxCommands: MOST_STEPS, size: "max" });
    const property = fc.asyncProperty(rows, async (row) => {
      warnings = [];
      vi.clearAllTimers(); // those of a row that has failed: the next one is not to be blamed for them
      const model = new WorldModel();
      const world = new World();
      for (const task of tasks) {
        model.start(task);
        world.start(task);
      }
      for (const each of first) await each.run(model, world);
      await fc.asyncModelRun(() => ({ model, real: world }), row);
      done += world.steps;
      await endAll(model, world);
    });
    await fc.assert(property, {
      numRuns: RUNS,
      endOnFailure: isToFail,
      ...(seed !== undefined && { seed: Number(seed) }),
    });
    expect(done / RUNS).toBeGreaterThan(20);
    noteFigure({
      chapter: "model",
      what: `runs of ${who}, against the model of ownership`,
      figure: `${String(RUNS)}, of ${String(Math.round(done / RUNS))} steps in the mean`,
    });
  },
  scaled(150_000, 1_200_000),
);

/** Everybody gives up, returns and releases; then nothing is left. */
async function endAll(model: WorldModel, world: World): Promise<void> {
  for (const { name } of [...model.strangers]) {
    model.letGo(name);
    world.letGo(name);
    await world.settle(model);
  }
  for (;;) {
    const busy = [...model.tasks.keys()].find((name) => model.tasks.get(name)!.pending !== undefined);
    if (busy === undefined) break;
    model.abort(busy);
    world.abort(busy);
    await world.settle(model);
  }
  for (const [name, { frames }] of model.tasks) {
    while (frames.length > 1) {
      model.leave(name);
      world.leave(name);
      await world.settle(model);
    }
    for (const ask of model.held(name)) {
      model.drop(ask);
      await world.drop(model.asks.indexOf(ask));
    }
  }
  await world.settle(model);
  world.nothingLeft(model, warnings);
}
