// The native module of the package, built for one release of Node.js. It is copied before it is built: what is in
// node_modules stays as it is.
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { groupEnded, startGroup } from "../support/process-group.ts";
import type { Release } from "./release.ts";

export const ADDON = "fs-ext";
/** What its build script requires. */
const NEEDS = ["nan"];

const rooms = new Set<string>();

/** For the end of the process, when one may still be in use. */
export function removeRooms(): void {
  for (const room of rooms) rmSync(room, { recursive: true, force: true, maxRetries: 5 });
}

/** The directory of the module built for that release, and whether it was there already. */
export async function addonFor(
  { version, directory }: Release,
  { nodeModules, cache, environment }: { nodeModules: string; cache: string; environment: NodeJS.ProcessEnv },
): Promise<{ readonly addon: string; readonly kept: boolean }> {
  const { version: its } = JSON.parse(readFileSync(join(nodeModules, ADDON, "package.json"), "utf8")) as {
    version: string;
  };
  const addon = join(cache, version, `${ADDON}-${its}`);
  if (existsSync(addon)) return { addon, kept: true };
  // Nothing that make sees may have a space in its path, so that the headers get another name too.
  const room = mkdtempSync(join(tmpdir(), "holdfast-addon-"));
  rooms.add(room);
  try {
    const made = join(room, "node_modules", ADDON);
    for (const name of [ADDON, ...NEEDS]) {
      cpSync(join(nodeModules, name), join(room, "node_modules", name), { recursive: true });
    }
    rmSync(join(made, "build"), { recursive: true, force: true });
    symlinkSync(directory, join(room, "node"));
    const building = startGroup("npm", ["run", "install"], {
      cwd: made,
      env: { ...environment, npm_config_nodedir: join(room, "node") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { code, output } = await groupEnded(building);
    if (code !== 0) throw new Error(`Cannot build ${ADDON} for Node.js ${version}:\n${output}`);
    const aside = mkdtempSync(join(cache, version, "addon-"));
    cpSync(made, join(aside, basename(made)), { recursive: true });
    renameSync(join(aside, basename(made)), addon);
    rmSync(aside, { recursive: true });
  } finally {
    rmSync(room, { recursive: true });
    rooms.delete(room);
  }
  return { addon, kept: false };
}
