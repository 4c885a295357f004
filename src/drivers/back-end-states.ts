/**
 * What is to be said of each back end: whether it serves this thread, and if not, why. Knows how they are chosen; whether they load
 * was tried elsewhere.
 */
import type { Answer } from "../native/child.ts";
import { BACK_ENDS, isThisWorker, type Circumstances } from "../native/choice.ts";
import type { Gone } from "./other-process.ts";

/** One of the ways to reach flock(2). */
export interface BackEndState {
  /** The module, as HOLDFAST_BACKEND would name it. */
  readonly name: string;
  /** Whether it serves this thread. */
  readonly isInUse: boolean;
  /** Whether it loads in another process. */
  readonly loads: boolean;
  /** Why it is not in use, or why it does not load elsewhere: the end of a sentence about it. */
  readonly why?: string;
}

/** @param answers what processes came to that were to load one each, in the order of `backEnds`. */
export function statesOf(
  answers: readonly (Answer | Gone)[],
  inUse: string,
  {
    backEnds = BACK_ENDS,
    isInWorker = isThisWorker(),
    forced = process.env["HOLDFAST_BACKEND"],
  }: Circumstances = {},
): BackEndState[] {
  const served = backEnds.findIndex(({ name }) => name === inUse);
  return backEnds.map(({ name, survivesWorkers }, index) => {
    const failure = failureOf(answers[index]);
    const why = (): string | undefined => {
      if (failure !== undefined) return `cannot be loaded: ${failure}`;
      if (index === served) return undefined;
      if (isInWorker && !survivesWorkers) return "is not loaded in a worker thread";
      if (forced === inUse) return `stands back, since HOLDFAST_BACKEND names ${inUse}`;
      if (index > served) return `would load, and stands behind ${inUse}`;
      return "loads in a new process, and did not in this one when it chose";
    };
    const reason = why();
    return {
      name,
      isInUse: index === served,
      loads: failure === undefined,
      ...(reason !== undefined && { why: reason }),
    };
  });
}

function failureOf(answer: Answer | Gone | undefined): string | undefined {
  if (answer?.type === "failed") return answer.error.message;
  if (answer?.type === "gone") return `a process that tried ${answer.why}`;
  return undefined;
}
