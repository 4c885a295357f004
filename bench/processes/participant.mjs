/**
 * A process that takes a lock in the way it is told, and says when. A command a line on its standard input, an answer
 * a line on its standard output, both JSON (bench/participant.ts). It ends with its standard input. Plain JavaScript,
 * since dozens of it start at once, and a loader would double what each of them costs.
 */
import { FileLock } from "holdfast";
import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

const require = createRequire(import.meta.url);
const POLL_MS = 50;

/** CLOCK_MONOTONIC, which all processes of a machine share; exact as a number for the first 104 days. */
const now = () => Number(process.hrtime.bigint());

const WAYS = {
  any: (lockFile, options) => ours(lockFile, { ...options, order: "any" }),
  fifo: (lockFile, options) => ours(lockFile, { ...options, order: "fifo" }),
  polled,
  blocking,
  "proper-lockfile": proper,
};

function ours(lockFile, options) {
  const lock = new FileLock(lockFile, options);
  let hold;
  return {
    take: async (signal) => {
      hold = await lock.acquire({ signal });
    },
    give: () => hold.release(),
  };
}

function polled(lockFile) {
  const { flockSync } = require("fs-ext");
  let fd;
  const isFree = () => {
    try {
      flockSync(fd, "exnb");
      return true;
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      return false;
    }
  };
  return {
    take: async () => {
      fd = openSync(lockFile, "a");
      while (!isFree()) await pause(POLL_MS);
    },
    give: () => {
      flockSync(fd, "un");
      closeSync(fd);
    },
  };
}

/** The kernel wakes it: as fast as it gets, at the price of a thread of libuv's pool for each wait. */
function blocking(lockFile) {
  const { flock, flockSync } = require("fs-ext");
  const lock = promisify(flock);
  let fd;
  return {
    take: async () => {
      fd = openSync(lockFile, "a");
      await lock(fd, "ex");
    },
    give: () => {
      flockSync(fd, "un");
      closeSync(fd);
    },
  };
}

function proper(lockFile) {
  const { lock } = require("proper-lockfile");
  const retries = { forever: true, factor: 1, minTimeout: POLL_MS, maxTimeout: POLL_MS };
  let release;
  return {
    take: async () => {
      release = await lock(lockFile, { realpath: false, retries });
    },
    give: () => release(),
  };
}

/** Where it gave up standing in line: a warning for each lock file. */
const unqueued = new Set();
process.on("warning", ({ code, message }) => {
  if (code === "HOLDFAST_NO_QUEUE") unqueued.add(message);
  else process.stderr.write(`${message}\n`);
});

const stopped = new AbortController();
const takers = new Map();
let taker;

const COMMANDS = {
  /** Answers when it asks, and once more when it has it: in the first statement after. */
  async take({ way, lockFile, pollInterval }) {
    const key = `${way} ${lockFile}`;
    taker = takers.get(key) ?? WAYS[way](lockFile, { pollInterval });
    takers.set(key, taker);
    const taken = taker.take(stopped.signal);
    say({ asks: now() });
    try {
      await taken;
    } catch (error) {
      if (!stopped.signal.aborted) throw error;
      return { stopped: true };
    }
    return { at: now() };
  },

  /** Answers the time just before the call that unlocks. */
  async give({ after }) {
    await pause(after);
    const at = now();
    await taker.give();
    return { at };
  },

  /** Takes and gives without a rest; answers when each hold was asked for, entered and left, task by task. */
  async contend({ way, lockFile, tasks, holdMs, from, until }) {
    const task = async () => {
      const { take, give } = WAYS[way](lockFile);
      const times = [];
      await pause(Math.max(0, (from - now()) / 1e6)); // it may be late: Node warns of less than 0
      for (let asked = now(); asked < until; asked = now()) {
        await take();
        const entered = now();
        if (holdMs > 0) await pause(holdMs);
        times.push(asked, entered, now());
        await give();
      }
      return times;
    };
    const times = (await Promise.all(Array.from({ length: tasks }, task))).flat();
    return { times, unqueued: unqueuedFor(lockFile) };
  },

  usage() {
    const { user, system } = process.cpuUsage();
    return { microseconds: user + system };
  },

  /** Ends the wait, and with it whatever keeps the process alive. */
  stop() {
    input.off("close", end);
    input.close();
    process.stdin.destroy();
    stopped.abort();
    return {};
  },
};

function unqueuedFor(lockFile) {
  return [...unqueued].some((message) => message.includes(`'${lockFile}'`));
}

function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** Not process.exit(), which joins the pool's threads: one may wait in flock for ever. */
function end() {
  process.kill(process.pid, "SIGKILL");
}

process.stdout.on("error", end); // nobody listens any more
const input = createInterface({ input: process.stdin });
input.on("close", end);
input.on("line", async (line) => {
  const { do: command, ...rest } = JSON.parse(line);
  say(await COMMANDS[command](rest));
});
say({ ready: process.pid });
