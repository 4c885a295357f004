// The mutants of turns and rests.
import type { Mutant } from "../mutant.ts";

export const turns: readonly Mutant[] = [
  {
    name: "never ends its turn",
    file: "turn.ts",
    edits: [["return age < 0 || age >= this.#length;", "return false;"]],
    noticedBy: ["shared-turns.test.ts", "frees the lock though others wait"],
  },
  {
    name: "hands nothing on",
    file: "turn.ts",
    edits: [["return age < 0 || age >= this.#length;", "return true;"]],
    noticedBy: ["shared-turns.test.ts", "hands the lock on inside itself"],
  },
  {
    name: "takes no rest",
    file: "turn.ts",
    edits: [["Math.max(0, this.#restsUntil - now)", "0"]],
    noticedBy: ["shared-turns.test.ts", "leaves it free"],
  },
  {
    name: "rests until a clock that was set back has caught up",
    file: "turn.ts",
    edits: [["now < this.#left ? 0 : ", ""]],
    noticedBy: ["turn.test.ts", "rest that is over where the clock is set back"],
  },
  {
    name: "rests though there is one attempt only",
    file: "lock-file-state.ts",
    edits: [["if (!once && this.#rest(owner) > 0)", "if (this.#rest(owner) > 0)"]],
    noticedBy: ["shared-turns.test.ts", "keeps no tryAcquire() out"],
  },
  {
    name: "gives those who come after the release no rest",
    file: "lock-file-state.ts",
    edits: [["if (!once && this.#rest(owner) > 0) return false;", ""]],
    noticedBy: ["shared-turns.test.ts", "though its next caller comes only then"],
  },
  {
    name: "polls at once, in a rest",
    file: "lock-file-state.ts",
    edits: [["rest: this.#rest(first.owner),", "rest: 0,"]],
    noticedBy: ["shared-turns.test.ts", "leaves it free for 1 ms"],
  },
  {
    name: "hears nothing in a rest",
    file: "contender.ts",
    edits: [["if (rest > 0) this.#listen(asker);", ""]],
    noticedBy: ["shared-turns.test.ts", "who comes and goes within a rest"],
  },
  {
    name: "has turns that never grow",
    file: "turn.ts",
    edits: [["Math.min(2 * this.#length, LONGEST_TURN_MS)", "this.#length"]],
    noticedBy: ["turn.test.ts", "is twice as long"],
  },
  {
    name: "has turns that grow without end",
    file: "turn.ts",
    edits: [["Math.min(2 * this.#length, LONGEST_TURN_MS)", "2 * this.#length"]],
    noticedBy: ["turn.test.ts", "is twice as long"],
  },
  {
    name: "has a first turn of twice the length",
    file: "turn.ts",
    edits: [["#rested = false;", "#rested = true;"]],
    noticedBy: ["turn.test.ts", "the first one too"],
  },
  {
    name: "goes on with long turns after a refusal",
    file: "turn.ts",
    edits: [["this.#contested = true; this.#length = TURN_MS;", "this.#contested = true;"]],
    noticedBy: ["turn.test.ts", "is of 10 ms again"],
  },
  {
    name: "begins a new turn with each win",
    file: "turn.ts",
    edits: [["if (isNew || now < this.#began) this.#began = now;", "this.#began = isNew ? now : now;"]],
    noticedBy: ["turn.test.ts", "goes on over holds that follow each other"],
  },
  {
    name: "remembers the turns on all lock files",
    file: "turn.ts",
    edits: [["if (turns.size <= MOST_TURNS) return;", "return;"]],
    noticedBy: ["turn.test.ts", "64 are remembered"],
  },
  {
    name: "believes a turn that begins in the future",
    file: "turn.ts",
    edits: [["return age < 0 || age >= this.#length;", "return age >= this.#length;"]],
    noticedBy: ["turn.test.ts", "makes no turn longer"],
  },
];
