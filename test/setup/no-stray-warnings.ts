// A process warning that a test did not ask for fails that test. It knows nothing of what a warning says.
//
// Tests of one file run one after the other, or a warning would be laid at another test's door: no `test.concurrent`.
import { afterAll, afterEach, expect } from "vitest";

// Kept before a test can replace it with a fake timer.
const nextImmediate = globalThis.setImmediate;

// The setup file and the test that imports it need not be the same instance of this module.
const KEY = Symbol.for("holdfast.test.warnings");
const holder = globalThis as { [KEY]?: Error[] };
const seen = (holder[KEY] ??= listen());

function listen(): Error[] {
  const warnings: Error[] = [];
  process.on("warning", (warning) => warnings.push(warning));
  return warnings;
}

/**
 * Takes the process warnings that came up to now, so that they no longer fail the test.
 *
 * Waits for one turn of the event loop first: `process.emitWarning()` only emits on the next tick.
 */
export async function takeWarnings(): Promise<Error[]> {
  await new Promise((resolve) => nextImmediate(resolve));
  return seen.splice(0);
}

/** Takes the warnings that came up to now and asserts that they are these, in this order and no others. */
export async function expectWarnings(...expected: (string | RegExp)[]): Promise<void> {
  const messages = (await takeWarnings()).map((warning) => warning.message);
  expect(messages).toEqual(
    expected.map((text): unknown =>
      typeof text === "string" ? expect.stringContaining(text) : expect.stringMatching(text),
    ),
  );
}

async function failOnStrays(): Promise<void> {
  const strays = await takeWarnings();
  if (strays.length === 0) return;
  const list = strays.map((warning) => warning.stack ?? String(warning)).join("\n");
  throw new Error(`${String(strays.length)} process warning(s) that the test did not ask for:\n${list}`);
}

afterEach(failOnStrays);
afterAll(failOnStrays);
