// strace(1), attached to the main thread of a process that runs already, so that it sees none of Node's own start: counts
// the system calls of a scenario, or has one of them fail. Knows nothing of locks.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { soon } from "../../support/promises.ts";

/** One call, as strace's log has it. */
export interface Call {
  readonly name: string;
  readonly line: string;
}

/** Node's own, by what the descriptor is: the channel to the test, wake-ups, and a read after which libuv ends the process. */
const NOT_OURS = /^\w+\(\d+<(socket|pipe|UNIX|anon_inode)/;

/** Which call is to fail, and how: the `nth` of that name since the tracer was attached. */
export interface Fault {
  readonly call: string;
  readonly errno: string;
  readonly nth: number;
}

export interface Tracer {
  /** Detaches, and gives the calls that were seen. */
  stop(): Promise<Call[]>;
}

export async function attach(
  pid: number,
  { log, calls, fault }: { log: string; calls: readonly string[]; fault?: Fault },
): Promise<Tracer> {
  const inject =
    fault === undefined ? [] : ["-e", `inject=${fault.call}:error=${fault.errno}:when=${String(fault.nth)}`];
  const trace = fault === undefined ? calls.join(",") : fault.call;
  const strace = spawn(
    "strace",
    [
      "-p",
      String(pid),
      "-y",
      "-s",
      "4096",
      "-o",
      log,
      "-e",
      `trace=${trace}`,
      "-e",
      "signal=none",
      ...inject,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  strace.stderr.setEncoding("utf8");
  const ended = once(strace, "close");
  const [said] = (await soon(once(strace.stderr, "data"), "strace says nothing")) as [string];
  if (!said.includes("attached")) throw new Error(`strace: ${said}`);
  return {
    stop: async () => {
      strace.kill("SIGINT");
      await soon(ended, "strace does not end");
      return readFileSync(log, "utf8").split("\n").flatMap(parsed);
    },
  };
}

function parsed(line: string): Call[] {
  const [, name] = /^(\w+)\(/.exec(line) ?? [];
  return name === undefined ? [] : [{ name, line }];
}

/** The call that failed because of the fault; undefined where it never came so far. */
export function fired(calls: readonly Call[]): Call | undefined {
  return calls.find(({ line }) => line.includes("(INJECTED)"));
}

/** The descriptor that a call was made on. */
export function descriptorOf({ line }: Call): number | undefined {
  const [, fd] = /^\w+\((\d+)/.exec(line) ?? [];
  return fd === undefined ? undefined : Number(fd);
}

/** Whether the package made it. */
export function isOurs({ name, line }: Call): boolean {
  return name.startsWith("inotify_") || !NOT_OURS.test(line);
}
