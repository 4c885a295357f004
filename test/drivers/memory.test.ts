// The reference driver of the tests keeps the contract that it stands for.
import { describeDriver } from "../driver-suite.ts";
import { memoryHarness } from "../support/driver-harness.ts";

describeDriver("memory", memoryHarness);
