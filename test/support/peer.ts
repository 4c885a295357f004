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
