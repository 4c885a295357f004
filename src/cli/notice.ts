/**
 * Tells on stderr who is in the way while somebody waits: on a terminal as one line that is rewritten and leaves no trace, elsewhere
 * as one plain line. Knows nothing of how the wait ends.
 */
import type { Holder, WaitEvent } from "../index.ts";
import { plain, say, terminal } from "./output.ts";

/** Back to the first column, and erases the line from there: see console_codes(4). */
const ERASE = "\r\x1b[K";

/** A line that cannot be rewritten waits a little, until it is known who holds: the kernel may take its time to tell. */
const PATIENCE_S = 0.5;

export class Notice {
  #shown = false;

  readonly update = ({ lockFile, elapsed, holder, position }: WaitEvent): void => {
    const stream = terminal();
    const who = holder.length === 0 ? "who holds it is not known" : `held by ${namesOf(holder)}`;
    const place = position === undefined ? "" : `, number ${position} in line`;
    const what = `for ${plain(lockFile)}, ${who}${place}`;
    if (stream !== undefined) {
      const line = `holdfast: waiting ${Math.floor(elapsed)} s ${what}`;
      stream.write(ERASE + cut(line, stream.columns));
      this.#shown = true;
    } else if (!this.#shown && (holder.length > 0 || elapsed >= PATIENCE_S)) {
      say(`waiting ${what}`);
      this.#shown = true;
    }
  };

  /** The wait is over. Idempotent. */
  clear(): void {
    if (this.#shown) terminal()?.write(ERASE);
    this.#shown = false;
  }
}

/** Processes as people know them: by number and command. */
export function namesOf(processes: readonly Holder[]): string {
  if (processes.length === 0) return "somebody who cannot be seen";
  return processes
    .map(({ pid, command }) => `pid ${pid}${command === "" ? "" : ` (${plain(command)})`}`)
    .join(", ");
}

/** A line that is longer than the terminal is wide would wrap, and only its last row would be rewritten. */
function cut(line: string, columns: number): string {
  const most = (columns > 0 ? columns : 80) - 1;
  const characters = Array.from(line);
  return characters.length <= most ? line : `${characters.slice(0, most - 1).join("")}…`;
}
