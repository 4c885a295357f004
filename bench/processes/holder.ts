/** A process that holds a lock file until its parent goes, without the package: holder.ts <lock file>. */
import { holdForGood } from "../baseline.ts";

holdForGood(process.argv[2]!);
process.on("disconnect", () => process.exit());
process.send!("holds");
