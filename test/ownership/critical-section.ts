// A piece of work that notices by itself when somebody else is in it too. It knows no lock, so it can be asked about one.
import { closeSync, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { turn } from "./scene.ts";

export class CriticalSection {
  readonly #proof: string;
  #inside = 0;
  /** How many went through it. */
  passes = 0;

  constructor(directory: string) {
    this.#proof = join(directory, "somebody is inside");
  }

  /** Goes through it; throws where it is not alone from the beginning to the end. */
  async pass(work: () => Promise<void> = turn): Promise<void> {
    closeSync(openSync(this.#proof, "wx")); // O_EXCL: EEXIST where somebody is inside
    this.#inside++;
    try {
      this.#alone();
      await work();
      this.#alone();
    } finally {
      this.#inside--;
      unlinkSync(this.#proof);
    }
    this.passes++;
  }

  #alone(): void {
    if (this.#inside !== 1) throw new Error(`${this.#inside} are inside at once`);
  }
}
