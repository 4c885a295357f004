// Real processes against a model of who may have the lock file: steps in any order, by tasks of several processes, which are
// killed now and then, while a stranger locks the file with flock(2) and removes it. Which of those who wait comes first is
// open; that it is one of them, and one alone, is not.
//
// What fails is shortened, and printed with its seed. To see it again:
//
//   HOLDFAST_SEED=<seed> npx vitest run test/stress/model-processes.test.ts
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { temporaryDirectory } from "../support/directory.ts";
import { isToFail } from "../support/promises.ts";
import { PROCESSES, processSteps, TASKS } from "./model/process-commands.ts";
import { Participant } from "./model/participant.ts";
import { Processes } from "./model/processes.ts";
import { ProcessesModel } from "./model/processes-model.ts";
import { noteFigure, scaled } from "./scale.ts";

const RUNS = scaled(30, 1000);
const MOST_STEPS = 110;
/** A failure is shortened for no longer than this. */
const MOST_MS = scaled(150_000, 1_200_000);

test(
  "Whatever processes do, one has the lock file, as the model says, and the next one gets it",
  async () => {
    const seed = process.env["HOLDFAST_SEED"];
    const directory = temporaryDirectory();
    const participants = Array.from({ length: PROCESSES }, () => new Participant());
    onTestFinished(async () => {
      await Promise.all(participants.map((participant) => participant.kill()));
    });
    let steps = 0;
    let runs = 0;
    const rows = fc.commands(processSteps(), { maxCommands: MOST_STEPS, size: "max" });
    const property = fc.asyncProperty(rows, async (row) => {
      const model = new ProcessesModel(PROCESSES, TASKS);
      const processes = new Processes(participants, join(directory, `${String(runs++)}.lock`), TASKS);
      await processes.begin();
      try {
        await fc.asyncModelRun(() => ({ model, real: processes }), row);
        await endAll(model, processes);
        steps += processes.steps;
      } catch (error) {
        await processes.replaceAll();
        throw error;
      }
    });
    const limit = { interruptAfterTimeLimit: MOST_MS, markInterruptAsFailure: true };
    await fc.assert(property, {
      numRuns: RUNS,
      endOnFailure: isToFail,
      ...limit,
      ...(seed !== undefined && { seed: Number(seed) }),
    });
    expect(steps / RUNS).toBeGreaterThan(15);
    noteFigure({
      chapter: "model-processes",
      what: "runs of processes against the model of who has the lock file",
      figure: `${String(RUNS)}, of ${String(Math.round(steps / RUNS))} steps in the mean`,
    });
  },
  2 * MOST_MS,
);

/** Everybody gives up, returns and releases; then nothing is left. */
async function endAll(model: ProcessesModel, processes: Processes): Promise<void> {
  if (model.stranger !== undefined) {
    model.letGo();
    processes.letGo();
    await processes.settle(model);
  }
  for (const [index, { world }] of model.processes.entries()) {
    for (const [task, { frames }] of world.tasks) {
      if (world.idle(task) === undefined) {
        model.end(index, () => world.abort(task));
        await processes.tell(index, "abort", { task });
        await processes.settle(model);
      }
      while (frames.length > 1) {
        model.end(index, () => world.leave(task));
        await processes.tell(index, "leave", { task });
        await processes.settle(model);
      }
    }
    for (const task of world.tasks.keys()) {
      for (const ask of world.held(task)) {
        model.end(index, () => world.drop(ask));
        await processes.tell(index, "drop", { ask: world.asks.indexOf(ask) });
        await processes.settle(model);
      }
    }
  }
  await processes.nothingLeft();
}
