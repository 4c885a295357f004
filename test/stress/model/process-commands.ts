// What may be done by processes and to them, as commands that fast-check puts in a row, and takes out again where a shorter
// row shows the same.
import fc, { type Arbitrary, type AsyncCommand } from "fast-check";
import { SHORT_TIMEOUT_S, type Processes } from "./processes.ts";
import type { ProcessesModel } from "./processes-model.ts";
import { OBJECTS, type Form, type ObjectName, type Request } from "./world-model.ts";

export type ProcessStep = AsyncCommand<ProcessesModel, Processes>;

interface Deed {
  readonly check: (model: Readonly<ProcessesModel>) => boolean;
  readonly act: (model: ProcessesModel, processes: Processes) => Promise<void> | void;
}

function step(label: string, { check, act }: Deed): ProcessStep {
  return {
    check: (model) => check(model),
    run: async (model, processes) => {
      await act(model, processes);
      await processes.settle(model);
    },
    toString: () => label,
  };
}

export const PROCESSES = 3;
export const TASKS = [1, 2];

/** A task of a process: both by their numbers. */
type Who = readonly [process: number, task: number];

const named = ([process, task]: Who): string => `process ${String(process + 1)}, task ${String(task)}`;

/** One with a deadline is done when that has come: where it has to wait, it waits in vain. */
const ask = (who: Who, request: Request): ProcessStep => {
  const [process, task] = who;
  const { object, form, timeout } = request;
  const inVain = timeout > 0 && timeout < Infinity;
  const options = inVain ? "with a short timeout" : timeout === 0 ? "once" : "";
  return step(`${named(who)}: ${object}.${form}(${options})`, {
    check: (model) => model.processes[process]!.world.idle(task) !== undefined,
    act: async (model, processes) => {
      model.ask(process, task, request);
      const seconds = timeout === Infinity ? -1 : timeout === 0 ? 0 : SHORT_TIMEOUT_S;
      await processes.tell(process, "ask", { task, object, form, timeout: seconds });
      if (!inVain || model.processes[process]!.world.idle(task) !== undefined) return;
      model.end(process, (world) => {
        world.giveUp(task, "timed out");
      });
    },
  });
};

const leave = (who: Who): ProcessStep => {
  const [process, task] = who;
  return step(`${named(who)}: returns from its run()`, {
    check: (model) => (model.processes[process]!.world.idle(task)?.frames.length ?? 0) > 1,
    act: async (model, processes) => {
      model.end(process, (world) => {
        world.leave(task);
      });
      await processes.tell(process, "leave", { task });
    },
  });
};

const release = (who: Who, object: ObjectName, force: boolean): ProcessStep => {
  const [process, task] = who;
  return step(`${named(who)}: ${object}.release(${force ? "force" : ""})`, {
    check: (model) => model.processes[process]!.world.idle(task) !== undefined,
    act: async (model, processes) => {
      model.end(process, (world) => {
        world.release(task, object, { force });
      });
      await processes.tell(process, "release", { task, object, force });
    },
  });
};

const drop = (who: Who, nth: number): ProcessStep => {
  const [process, task] = who;
  return step(`${named(who)}: its hold number ${String(nth)}, from the last: release()`, {
    check: (model) => model.processes[process]!.world.held(task)[nth] !== undefined,
    act: async (model, processes) => {
      const { asks } = model.processes[process]!.world;
      const dropped = model.processes[process]!.world.held(task)[nth]!;
      model.end(process, (world) => {
        world.drop(dropped);
      });
      await processes.tell(process, "drop", { ask: asks.indexOf(dropped) });
    },
  });
};

const abort = (who: Who): ProcessStep => {
  const [process, task] = who;
  return step(`${named(who)}: is aborted`, {
    check: (model) => model.processes[process]!.world.tasks.get(task)!.pending !== undefined,
    act: async (model, processes) => {
      model.end(process, (world) => {
        world.abort(task);
      });
      await processes.tell(process, "abort", { task });
    },
  });
};

const kill = (process: number): ProcessStep =>
  step(`process ${String(process + 1)} is killed, and another takes its place`, {
    check: (model) => model.processes[process]!.world.asks.length > 0,
    act: async (model, processes) => {
      model.kill(process);
      await processes.kill(process);
    },
  });

const seize = (): ProcessStep =>
  step("a stranger locks the file", {
    check: (model) => model.stranger === undefined && !model.isHeld(model.current),
    act: (model, processes) => {
      model.seize();
      processes.seize();
    },
  });

const letGo = (): ProcessStep =>
  step("the stranger lets go", {
    check: (model) => model.stranger !== undefined,
    act: (model, processes) => {
      model.letGo();
      processes.letGo();
    },
  });

const unlink = (): ProcessStep =>
  step("the lock file is removed", {
    check: (model) => model.isCertain,
    act: (model, processes) => {
      model.unlink();
      processes.unlink();
    },
  });

export function processSteps(): Arbitrary<ProcessStep>[] {
  const who = fc.tuple(fc.nat(PROCESSES - 1), fc.constantFrom(...TASKS));
  const objects = (Object.keys(OBJECTS) as ObjectName[]).filter(isOfOneFile);
  const object = fc.constantFrom(...objects);
  const form = fc.constantFrom<Form[]>("acquire", "acquire", "run", "run", "wrap", "tryAcquire");
  const timeout = fc.constantFrom(Infinity, Infinity, Infinity, 0, SHORT_TIMEOUT_S);
  const request = fc.record({ object, form, timeout, shared: fc.constant(false) });
  const seldom = fc.nat(3).map((number) => number === 3);
  const asking = fc.tuple(who, request).map((given) => ask(...given));
  const leaving = who.map((each) => leave(each));
  const dropping = fc.tuple(who, fc.nat(1)).map((given) => drop(...given));
  return [
    ...[asking, asking, asking, asking, asking],
    ...[leaving, leaving, leaving, dropping, dropping],
    fc.tuple(who, object, seldom).map((given) => release(...given)),
    ...[who.map((each) => abort(each)), who.map((each) => abort(each))],
    fc
      .tuple(fc.nat(PROCESSES - 1), fc.nat(7))
      .map(([process, number]) => (number === 7 ? kill(process) : letGo())),
    fc.constant(0).map(() => seize()),
    fc.constant(0).map(() => unlink()),
  ];
}

/** Without an order: who has one takes no part in the race that those who have none run. */
function isOfOneFile(name: ObjectName): boolean {
  const options = OBJECTS[name];
  return options.file === "a" && !("order" in options);
}
