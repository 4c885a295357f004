// What may be done to the lock objects, as commands that fast-check puts in a row, and takes out again where a shorter row
// shows the same. Each does its thing to the model and to the world, and prints as a step that can be read.
import fc, { type Arbitrary, type AsyncCommand } from "fast-check";
import { expect } from "vitest";
import {
  OBJECTS,
  type FileName,
  type Form,
  type ObjectName,
  type Request,
  type WorldModel,
} from "./world-model.ts";
import { pathOf, type World } from "./world.ts";

export type Step = AsyncCommand<WorldModel, World>;

interface Deed {
  /** Whether it can be done now. */
  readonly check: (model: Readonly<WorldModel>) => boolean;
  readonly act: (model: WorldModel, world: World) => Promise<void> | void;
  /** How much time then passes, in milliseconds. */
  readonly pass?: number;
}

function step(label: string, { check, act, pass }: Deed): Step {
  return {
    check: (model) => check(model),
    run: async (model, world) => {
      await act(model, world);
      await world.settle(model, pass);
    },
    toString: () => label,
  };
}

const FIRST_TASKS = [1, 2, 3];
/** Those that may be started as well. */
const TASKS = [...FIRST_TASKS, 4, 5];

const ask = (task: number, request: Request): Step => {
  const { object, form, shared, timeout } = request;
  const options = [shared ? "shared" : "", timeout === Infinity ? "" : `${String(timeout)} ms`];
  return step(
    `task ${String(task)}: ${object}.${form}(${options.filter((each) => each !== "").join(", ")})`,
    {
      check: (model) => model.idle(task) !== undefined,
      act: async (model, world) => {
        model.ask(task, request);
        await world.ask(task, request);
      },
    },
  );
};

const leave = (task: number): Step =>
  step(`task ${String(task)}: returns from its run()`, {
    check: (model) => (model.idle(task)?.frames.length ?? 0) > 1,
    act: (model, world) => {
      model.leave(task);
      world.leave(task);
    },
  });

const release = (task: number, object: ObjectName, force: boolean): Step =>
  step(`task ${String(task)}: ${object}.release(${force ? "force" : ""})`, {
    check: (model) => model.idle(task) !== undefined,
    act: async (model, world) => {
      model.release(task, object, { force });
      await world.release(task, object, { force });
    },
  });

const drop = (task: number, nth: number): Step =>
  step(`its hold number ${String(nth)}, from the last, of task ${String(task)}: release()`, {
    check: (model) => model.held(task)[nth] !== undefined,
    act: async (model, world) => {
      const dropped = model.held(task)[nth]!;
      model.drop(dropped);
      await world.drop(model.asks.indexOf(dropped));
    },
  });

/** Where nobody waits: else it would be handed on, and nothing released. */
const dropInVain = (task: number): Step =>
  step(`the last hold of task ${String(task)}: release(), which fails`, {
    check: (model) => {
      const [last] = model.held(task);
      const file = last && model.fileOf(last.request.object);
      return file?.living.size === 1 && file.waiting.length === 0;
    },
    act: async (model, world) => {
      world.driver.failNext("release", "EIO");
      const released = world.drop(model.asks.indexOf(model.held(task)[0]!));
      await expect(released).rejects.toMatchObject({ code: "EIO" });
    },
  });

const abort = (task: number): Step =>
  step(`task ${String(task)}: is aborted`, {
    check: (model) => model.tasks.get(task)?.pending !== undefined,
    act: (model, world) => {
      model.abort(task);
      world.abort(task);
    },
  });

const fork = (starter: number, task: number, detached: boolean): Step =>
  step(`task ${String(starter)}: starts task ${String(task)}${detached ? ", detached" : ""}`, {
    check: (model) => model.idle(starter) !== undefined && !model.tasks.has(task),
    act: async (model, world) => {
      model.start(task, starter, { detached });
      await world.fork(task, starter, detached);
    },
  });

const PASS_MS = 500;
/** Over after one pass, or after two: nobody's time is up while the rest comes to rest. */
const TIMEOUTS_MS = [0, 300, 900];

const pass = (): Step =>
  step(`${String(PASS_MS)} ms pass`, { check: () => true, act: () => undefined, pass: PASS_MS });

const seize = (name: FileName, shared: boolean): Step =>
  step(`a stranger locks ${name}${shared ? ", shared" : ""}`, {
    check: (model) => model.files[name].isFreeFor(shared),
    act: (model, world) => {
      model.seize(name, shared);
      world.seize(name, shared);
    },
  });

const letGo = (name: FileName, hint: boolean): Step =>
  step(`a stranger lets go of ${name}${hint ? ", with a hint" : ""}`, {
    check: (model) => model.strangers.some((stranger) => stranger.name === name),
    act: (model, world) => {
      model.letGo(name);
      world.letGo(name);
      if (hint) world.driver.hint(pathOf(name));
    },
  });

const replace = (name: FileName, removed: boolean): Step =>
  step(`${name} is ${removed ? "removed" : "replaced"}`, {
    check: () => true,
    act: (model, world) => {
      model.replace(name);
      if (removed) world.driver.remove(pathOf(name));
      else world.driver.replace(pathOf(name));
    },
  });

const A_RUN: Request = { object: "a1", form: "run", shared: false, timeout: Infinity };

/** How it begins: who is there, and what is done first. */
export const BEGINNINGS = [
  { who: "tasks that know nothing of one another", tasks: FIRST_TASKS, first: [] },
  {
    who: "a task in a run() and those that it has started there",
    tasks: [1],
    first: [ask(1, A_RUN), fork(1, 2, false), fork(1, 3, false)],
  },
];

/** Everything that may be done, each as often as it is worth. */
export function steps(): Arbitrary<Step>[] {
  const aTask = fc.constantFrom(...FIRST_TASKS, ...FIRST_TASKS, ...TASKS);
  const anObject = fc.constantFrom(...(Object.keys(OBJECTS) as ObjectName[]));
  const aFile = fc.constantFrom<FileName[]>("a", "a", "b");
  const aForm = fc.constantFrom<Form[]>("acquire", "acquire", "run", "run", "wrap", "tryAcquire");
  const aTimeout = fc.constantFrom(Infinity, Infinity, Infinity, ...TIMEOUTS_MS);
  const seldom = fc.nat(3).map((number) => number === 3);
  const aThird = fc.nat(2).map((number) => number === 2);
  const request = fc.record({ object: anObject, form: aForm, shared: aThird, timeout: aTimeout });
  const asking = fc.tuple(aTask, request).map((given) => ask(...given));
  const leaving = aTask.map((task) => leave(task));
  const dropping = fc.tuple(aTask, fc.nat(2)).map((given) => drop(...given));
  const forking = fc.tuple(aTask, fc.constantFrom(4, 5), seldom).map((given) => fork(...given));
  return [
    ...[asking, asking, asking, asking, asking],
    ...[leaving, leaving, dropping],
    fc.tuple(aTask, anObject, seldom).map((given) => release(...given)),
    fc.tuple(aTask, anObject, seldom).map((given) => release(...given)),
    aTask.map((task) => dropInVain(task)),
    aTask.map((task) => abort(task)),
    aTask.map((task) => abort(task)),
    ...[forking, forking],
    ...[fc.constant(0).map(() => pass()), fc.constant(0).map(() => pass())],
    fc.tuple(aFile, seldom).map((given) => seize(...given)),
    fc.tuple(aFile, fc.boolean()).map((given) => letGo(...given)),
    fc.tuple(aFile, fc.boolean()).map((given) => replace(...given)),
  ];
}
