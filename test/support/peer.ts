// Locks that are not ours, each in a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { soon } from "./promises.ts";

/** A program that is not ours. It says how far it is on stdout, and ends when its input does. */
export interface Peer {
  readonly pid: number;
  says(word: "waiting" | "held"): Promise<void>;
  /** Lets it release the lock and end; resolves with its exit code. */
  end(): Promise<number>;
}

/** Starts it; it is killed when the test has ended. */
export function start([command, ...args]: string[]): Peer {
  const child = spawn(command!, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close") as Promise<[number]>;
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  return {
    pid: child.pid!,
    says: async (word) => {
      while (!said.split("\n").includes(word)) await once(child.stdout, "data");
    },
    end: async () => {
      child.stdin.end();
      const [code] = await soon(ended, `${command!} does not end`);
      return code;
    },
  };
}

/** A peer that has the lock. */
export async function holding(command: string[]): Promise<Peer> {
  const peer = start(command);
  await soon(peer.says("held"), `${command[0]!} does not get the lock`);
  return peer;
}

/** Debian's, whose module belongs to this one. */
export const PYTHON = "/usr/bin/python3";

/** Makes the command by which py-filelock holds a lock file, until its input ends. */
export function pyFilelock(kind: "FileLock" | "SoftFileLock"): (path: string) => string[] {
  const script = `
import sys
from filelock import ${kind}, Timeout
lock = ${kind}(sys.argv[1])
try:
    lock.acquire(timeout=0)
except Timeout:
    print("waiting", flush=True)
    lock.acquire()
print("held", flush=True)
sys.stdin.read()
lock.release()
`;
  return (path) => [PYTHON, "-c", script, path];
}
