/** `holdfast status`: who holds lock files, and who waits for them. */
import { inspect, type Inspection } from "../index.ts";
import { exitCodeOf } from "./exit-code.ts";
import { wordsOf } from "./failure.ts";
import { namesOf } from "./notice.ts";
import { plain, print, say } from "./output.ts";

export async function status(paths: readonly string[], { json = false }): Promise<number> {
  const inspections: Inspection[] = [];
  let failed: number | undefined;
  for (const path of paths) {
    try {
      inspections.push(await inspect(path));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      say(wordsOf(error as Error));
      failed ??= exitCodeOf(error instanceof TypeError ? "usage" : (code ?? "software"));
    }
  }
  print(json ? `${JSON.stringify(inspections, undefined, 2)}\n` : inspections.map(told).join(""));
  return failed ?? (inspections.some(({ state }) => state === "held") ? exitCodeOf("conflict") : 0);
}

function told({ lockFile, state, holders, waiters }: Inspection): string {
  const states = {
    free: "free",
    held: `held by ${namesOf(holders)}`,
    unknown: "nobody is seen to hold it, but not everybody can be seen from here",
  };
  const lines = waiters.map((waiter) => {
    const { position } = waiter;
    const doing = position === undefined ? "waits, or has it open" : `number ${position} in line`;
    return `  ${namesOf([waiter])}: ${doing}\n`;
  });
  return `${plain(lockFile)}: ${states[state]}\n${lines.join("")}`;
}
