/** The command line of the demo: what it takes, and what it says of the rest. */
import { inspect, parseArgs } from "node:util";

export const USAGE = `Usage: npm run demo -- [options]

Several processes share one directory and take turns in it, guarded by FileLock.inDirectory(). In each turn
a process raises a counter, appends to a journal and rebuilds a directory of pages. One of the processes is
killed with SIGKILL in the middle of its turn, and replaced. At the end the journal tells whether any two of
them were ever in there at once: it is written without the lock's help.

  --processes <n>   how many processes (2 to 64; default 4)
  --seconds <n>     how long they go on, in seconds (0.5 to 3600; default 5)
  --without-lock    the same without the lock, to see it go wrong
  --keep            keep the directory, and say where it is
  --help            print this

Exit status: 0 where nothing went wrong, 1 where something did, 64 for a bad argument.
`;

export interface RunOptions {
  readonly processes: number;
  readonly seconds: number;
  readonly withLock: boolean;
  readonly keep: boolean;
}

/** A command line that asks for something that there is not. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws UsageError */
export function parse(args: string[]): RunOptions | "help" {
  const values = parsed(args);
  if (values.help) return "help";
  return {
    processes: number("--processes", values.processes, { least: 2, most: 64, whole: true }),
    seconds: number("--seconds", values.seconds, { least: 0.5, most: 3600, whole: false }),
    withLock: !values["without-lock"],
    keep: values.keep,
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        processes: { type: "string", default: "4" },
        seconds: { type: "string", default: "5" },
        "without-lock": { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

function number(name: string, text: string, { least, most, whole }: Range): number {
  const value = text.trim() === "" ? NaN : Number(text);
  const fits = value >= least && value <= most && (!whole || Number.isInteger(value));
  if (fits) return value;
  const kind = whole ? "a whole number" : "a number";
  throw new UsageError(`Expected ${name} to be ${kind} from ${least} to ${most}, got ${inspect(text)}`);
}
