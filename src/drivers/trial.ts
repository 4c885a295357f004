/**
 * Whether flock(2) on a file does what it is for, tried with processes that use it: while one holds the lock all others have to be
 * refused, and after its release each has to get it, or it was refused for something else. Knows not where the file comes from.
 */
import { LockUnsupported } from "../errors.ts";
import type { Answer } from "../native/child.ts";
import { refused } from "./flock-attempt.ts";
import type { Gone, OtherProcess } from "./other-process.ts";

const ELSEWHERE =
  "Put lock files on a local file system ('holdfast doctor /tmp' tries one), or use SoftFileLock, which needs no flock";

/**
 * @param holder has the file open.
 * @param contenders one for each back end that loads.
 * @param directory in which the file is.
 * @returns why a lock there is none, in sentences; undefined where it is one.
 */
export async function whyNoLock(
  holder: OtherProcess,
  contenders: readonly OtherProcess[],
  directory: string,
): Promise<string | undefined> {
  const held = await holder.ask("lock");
  if (held.type === "refused")
    return `The lock of a new file, which nobody can hold, was refused. ${ELSEWHERE}.`;
  if (held.type !== "done") return failed("hold a lock", holder, held, directory);

  const answers = await Promise.all(contenders.map(async (one) => [one, await one.ask("lock")] as const));
  for (const [one, answer] of answers) {
    if (answer.type === "done")
      return `While one process had the lock (${holder.backEnd}), another got it too (${one.backEnd}). ${ELSEWHERE}.`;
    if (answer.type !== "refused") return failed("be refused", one, answer, directory);
  }

  const released = await holder.ask("unlock");
  if (released.type !== "done") return failed("release the lock", holder, released, directory);
  for (const one of contenders) {
    const answer = await one.ask("lock");
    if (answer.type === "refused")
      return `A process (${one.backEnd}) was refused although nobody had the lock any more. ${ELSEWHERE}.`;
    const left = answer.type === "done" ? await one.ask("unlock") : answer;
    if (left.type !== "done") return failed("have the lock for a moment", one, left, directory);
  }
  return undefined;
}

function failed(to: string, { backEnd }: OtherProcess, answer: Answer | Gone, directory: string): string {
  const whose = `The process that was to ${to} (${backEnd})`;
  if (answer.type === "gone") return `${whose} ${answer.why}.`;
  if (answer.type !== "failed") return `${whose} did not.`;
  const error = refused(directory, Object.assign(new Error(answer.error.message), answer.error));
  return error instanceof LockUnsupported ? error.message : `${whose} failed. ${error.message}.`;
}
