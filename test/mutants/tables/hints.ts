// The mutants of hearing that a lock is free.
import type { Mutant } from "../mutant.ts";

export const hints: readonly Mutant[] = [
  {
    name: "releases without a touch",
    file: "drivers/flock-grant.ts",
    edits: [
      ["if (hasOneName(this.#named)) touch(this.fd); closeQuietly(this.fd);", "closeQuietly(this.fd);"],
    ],
    noticedBy: ["drivers/flock.test.ts", "sends its hint when the lock is free"],
  },
  {
    name: "touches before the unlock",
    file: "drivers/flock-grant.ts",
    edits: [
      ["if (hasOneName(this.#named)) touch(this.fd); closeQuietly(this.fd);", "closeQuietly(this.fd);"],
      ["if (remove) this.#remove();", "if (remove) this.#remove(); touch(this.fd);"],
    ],
    noticedBy: ["drivers/flock.test.ts", "sends its hint when the lock is free"],
  },
  {
    name: "fails to release what it may not touch",
    file: "drivers/flock-grant.ts",
    edits: [["} catch { // EPERM, EROFS: nobody hears of this release }", "} finally { void 0; }"]],
    noticedBy: ["drivers/permissions.test.ts"],
  },
  {
    name: "does not watch",
    file: "drivers/flock-attempt.ts",
    edits: [
      ["if (this.#onHint === undefined || this.#unwatch !== undefined) return false;", "return false;"],
    ],
    noticedBy: ["drivers/flock-watch.test.ts", "has one watch at most"],
  },
  {
    name: "watches once more at each refusal",
    file: "drivers/flock-attempt.ts",
    edits: [["this.#onHint === undefined || this.#unwatch !== undefined", "this.#onHint === undefined"]],
    noticedBy: ["drivers/flock-watch.test.ts", "is refused again and again"],
  },
  {
    name: "does not try again when it has begun to watch",
    file: "drivers/flock-attempt.ts",
    edits: [["(this.#listen() && this.#flock(file.fd, operation))", "(this.#listen() && false)"]],
    noticedBy: ["drivers/flock-watch.test.ts", "is freed between the refusal and the watch"],
  },
  {
    name: "watches on after the end of the attempt",
    file: "drivers/flock-attempt.ts",
    edits: [["close(): void { this.#deafen();", "close(): void {"]],
    noticedBy: ["drivers/flock.test.ts", "gives no hint after close()"],
  },
  {
    name: "watches on after the win",
    file: "drivers/flock-attempt.ts",
    edits: [["if (this.#unwatch !== undefined) setImmediate(this.#unwatch);", ""]],
    noticedBy: ["drivers/flock.test.ts", "gives no hint after the win"],
  },
  {
    name: "gives the watch up where the file is moved",
    file: "drivers/watch-file.ts",
    edits: [
      [
        'watcher.on("change", () => { onHint(false);',
        'watcher.on("change", (event) => { onHint(event === "rename");',
      ],
    ],
    noticedBy: ["drivers/watch-file.test.ts", "Heard is"],
  },
  {
    name: "watches in a way that keeps the process alive",
    file: "drivers/watch-file.ts",
    edits: [["persistent: false", "persistent: true"]],
    noticedBy: ["drivers/flock-watch.test.ts", "keeps no process alive"],
  },
  {
    name: "takes the lack of watches for an error",
    file: "drivers/watch-file.ts",
    edits: [["} catch { return undefined; }", "} finally { void 0; }"]],
    noticedBy: ["drivers/watch-file.test.ts", "where the system says"],
  },
  {
    name: "asks for no hints",
    file: "contender.ts",
    edits: [["if (waits && attempt !== this.#watched) this.#watch(attempt);", ""]],
    noticedBy: ["hints.test.ts", "comes to one watch a process"],
  },
  {
    name: "asks for no hints after the first attempt",
    file: "contender.ts",
    edits: [["attempt !== this.#watched", "this.#watched === undefined"]],
    noticedBy: ["hints.test.ts", "whatever mode it asks for"],
  },
  {
    name: "asks for no hints where the last attempt at a deadline has opened the file",
    file: "contender.ts",
    edits: [
      [
        "const attempt = this.#attemptFor(asker);",
        "const opens = this.#attempt === undefined; const attempt = this.#attemptFor(asker);",
      ],
      ["attempt !== this.#watched", "opens"],
    ],
    noticedBy: ["hints.test.ts", "opened the file anew at its deadline"],
  },
  {
    name: "does not try when the bell rings",
    file: "poll.ts",
    edits: [["if (attempt()) { end(); return; }", ""]],
    noticedBy: ["poll.test.ts", "has an attempt made at once"],
  },
  {
    name: "goes on with long pauses after a hint",
    file: "poll.ts",
    edits: [["pauses.restart();", ""]],
    noticedBy: ["poll.test.ts", "has an attempt made at once"],
  },
  {
    name: "pauses on after an attempt that failed at a hint",
    file: "poll.ts",
    edits: [["stop(); reject(error);", "reject(error);"]],
    noticedBy: ["poll.test.ts", "what an attempt throws at a ring"],
  },
  {
    name: "line: removes a gate that is somebody's file",
    file: "drivers/queue-directory.ts",
    edits: [["return file.isFile() && hasOneName(file) && file.size === 0n;", "return file.isFile();"]],
    noticedBy: ["drivers/gate.test.ts", "somebody's bytes"],
  },
  {
    name: "line: loses patience with a gate that others get through",
    file: "drivers/place-in-line.ts",
    edits: [["if (newest !== this.#newestSeen) this.#gatePatience.restart();", ""]],
    noticedBy: ["drivers/gate.test.ts", "others get through"],
  },
];
