/** What a back end is: one way to reach flock(2). Knows none of them, and nothing of what the answers mean. */

/**
 * flock(2) as the manual has it: `flags` are LOCK_SH, LOCK_EX, LOCK_UN and LOCK_NB. Returns where it is done, throws the
 * system error, with its `code`, where not.
 */
export type SystemCall = (fd: number, flags: number) => void;

export interface BackEnd {
  /** What a person calls it: the name of the module. */
  readonly name: string;
  /** Whether threads that come and go may each load it. */
  readonly survivesWorkers: boolean;
  /** Loads it, and throws where it is not there or does not work. */
  load(): SystemCall;
}
