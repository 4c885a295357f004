/** `holdfast wait`: until a lock file is free, without keeping it. */
import { inspect } from "../index.ts";
import { contend, type ContendOptions } from "./contend.ts";
import { misuse } from "./failure.ts";
import { lockFor } from "./lock-for.ts";
import { SignalRelay } from "./signal-relay.ts";

/**
 * Where a look shows that nobody holds it, nothing is locked; above all where there is no lock file, which would be created. Otherwise nobody
 * tells that it is free but by giving it: so it is acquired, and released at once.
 */
export async function wait(path: string, options: ContendOptions): Promise<number> {
  if (path === "") throw misuse("The path of the lock file is empty");
  const relay = new SignalRelay();
  const { lockFile, state } = await inspect(path);
  if (state !== "free") await contend(lockFor({ path: lockFile }), relay, options, () => undefined);
  return 0;
}
