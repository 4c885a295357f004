// Both drivers keep the contract, too, where the system has no O_NOFOLLOW, and where files are removed by another name: what Windows needs, on
// the system of the test.
import { vi } from "vitest";
import type * as Opening from "../../src/drivers/open-itself.ts";
import type * as Removing from "../../src/drivers/remove-name.ts";
import { describeDriver } from "../driver-suite.ts";
import { flockHarness } from "../support/driver-harness.ts";
import { softHarness } from "../support/soft-harness.ts";

vi.mock("../../src/drivers/open-itself.ts", async (original) => {
  const { openerWith } = await original<typeof Opening>();
  return { openItself: openerWith({}) };
});
vi.mock("../../src/drivers/remove-name.ts", async (original) => {
  const { removeByAnotherName } = await original<typeof Removing>();
  return { removeName: removeByAnotherName };
});

describeDriver("flock, as on Windows", () => flockHarness());
describeDriver("soft, as on Windows", () => softHarness());
