// The mutants: faults that somebody could make, and the tests that have to notice.
import type { Mutant } from "./mutant.ts";
import { cli } from "./tables/cli.ts";
import { doctor } from "./tables/doctor.ts";
import { driver } from "./tables/driver.ts";
import { hints } from "./tables/hints.ts";
import { line } from "./tables/line.ts";
import { model, modelOfProcesses } from "./tables/model.ts";
import { native } from "./tables/native.ts";
import { ownership } from "./tables/ownership.ts";
import { process } from "./tables/process.ts";
import { queue } from "./tables/queue.ts";
import { security } from "./tables/security.ts";
import { shared } from "./tables/shared.ts";
import { soft } from "./tables/soft.ts";
import { turns } from "./tables/turns.ts";

/** Those of who holds, who is next, and what is on the disk. */
export const ofTheProtocol: readonly Mutant[] = [
  ...driver,
  ...native,
  ...ownership,
  ...queue,
  ...hints,
  ...turns,
  ...line,
  ...shared,
  ...soft,
  ...model,
];

export const mutants: readonly Mutant[] = [
  ...ofTheProtocol,
  ...modelOfProcesses,
  ...doctor,
  ...process,
  ...cli,
  ...security,
];
