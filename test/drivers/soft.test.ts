// The soft driver keeps the contract.
import { describeDriver } from "../driver-suite.ts";
import { softHarness } from "../support/soft-harness.ts";

describeDriver("soft", () => softHarness());
