/** `holdfast doctor`: whether locks work here, and through what. */
import { doctor as examine, type Diagnosis } from "../index.ts";
import { exitCodeOf } from "./exit-code.ts";
import { misuse } from "./failure.ts";
import { plain, print, say } from "./output.ts";

export async function doctor(directory: string, { json = false }): Promise<number> {
  if (directory === "") throw misuse("The path of the directory is empty");
  const diagnosis = await examine(directory);
  const { excludes, leftBehind } = diagnosis;
  print(json ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : told(diagnosis));
  if (leftBehind !== undefined)
    say(`Cannot remove '${plain(leftBehind)}', a file that was made for the trial`);
  return excludes ? 0 : exitCodeOf("conflict");
}

function told({ directory, fileSystem, excludes, reason = "", backEnds, node, platform }: Diagnosis): string {
  const type = fileSystem === undefined ? "" : ` (${fileSystem})`;
  const verdict = excludes
    ? "a lock there keeps out the other processes of this machine"
    : "DO NOT LOCK HERE.";
  const width = Math.max(...backEnds.map(({ name }) => name.length));
  return [
    `${plain(directory)}${type}: ${verdict}`,
    ...(excludes ? [] : [`  ${plain(reason)}`]),
    `Node.js ${node} on ${platform} reaches flock(2) through:`,
    ...backEnds.map(({ name, isInUse, why }) => {
      const states = [...(isInUse ? ["in use"] : []), ...(why === undefined ? [] : [why])];
      return `  ${name.padEnd(width)}  ${states.join("; ")}`;
    }),
    "",
  ].join("\n");
}
