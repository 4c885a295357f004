/**
 * The directory that the processes share, and what one of them does there while it is alone: read a counter and write
 * it back, empty a directory and fill it again. Done by two at once, both go wrong. Knows nothing of the lock.
 */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { append, now, type Condition } from "./journal.ts";

const PAGES = 4;
/** What makes a visit long enough to be disturbed: a moment between reading and writing. */
const THINKING_MS = 1;

export interface Workspace {
  readonly directory: string;
  readonly journal: string;
  readonly counter: string;
  readonly pages: string;
}

export function workspaceIn(directory: string): Workspace {
  const file = (name: string): string => join(directory, name);
  return { directory, journal: file("journal.jsonl"), counter: file("counter"), pages: file("pages") };
}

/** A new workspace in the temporary directory, with the counter at 0 and the pages of rebuild 0. */
export function newWorkspace(): Workspace {
  const workspace = workspaceIn(mkdtempSync(join(tmpdir(), "shared-directory-")));
  writeFileSync(workspace.journal, "");
  writeFileSync(workspace.counter, "0");
  mkdirSync(workspace.pages);
  for (const page of pageNames()) writeFileSync(join(workspace.pages, page), "rebuild 0");
  return workspace;
}

/** What the counter says; 0 where it says nothing that is a number. */
export function counterOf({ counter }: Workspace): number {
  return Number(readFileSync(counter, "utf8")) || 0;
}

export interface Visitor {
  readonly process: number;
  /** How long it waited for its turn, in milliseconds. */
  readonly waited: number;
  /** Called when the pages are half rebuilt. */
  midway(): Promise<void>;
}

/** One visit: everything that must not happen twice at a time. */
export async function visit(workspace: Workspace, visitor: Visitor): Promise<void> {
  const { journal, pages } = workspace;
  const { process: number, waited } = visitor;
  append(journal, { process: number, at: now(), what: "enter", pid: process.pid, waited });

  const found = await conditionOf(pages);
  const counter = counterOf(workspace) + 1;
  await pause(THINKING_MS);
  await writeFile(workspace.counter, String(counter));
  append(journal, { process: number, at: now(), what: "change", found, counter });

  const text = `rebuild ${counter} by process ${number}`;
  const rebuilt = await rebuild(pages, text, visitor);
  const left = rebuilt && (await conditionOf(pages, text)) === "whole" ? "whole" : "torn";
  append(journal, { process: number, at: now(), what: "leave", left });
}

/** Empties the directory and fills it again. False: it was disturbed. */
async function rebuild(pages: string, text: string, { midway }: Visitor): Promise<boolean> {
  try {
    await rm(pages, { recursive: true, force: true });
    await mkdir(pages);
    for (const [index, page] of pageNames().entries()) {
      if (index === PAGES / 2) await midway();
      await writeFile(join(pages, page), text);
    }
    return true;
  } catch {
    return false; // somebody else removed or made the directory in between, which cannot be while we are alone
  }
}

/** Whole: all pages are there, and all say the same (`text`, where that is known). */
async function conditionOf(pages: string, text?: string): Promise<Condition> {
  try {
    const names = await readdir(pages);
    const texts = new Set(await Promise.all(names.map((name) => readFile(join(pages, name), "utf8"))));
    const whole = names.length === PAGES && texts.size === 1 && (text === undefined || texts.has(text));
    return whole ? "whole" : "torn";
  } catch {
    return "torn"; // a file or the directory went while we looked
  }
}

function pageNames(): string[] {
  return Array.from({ length: PAGES }, (_, index) => `page-${index + 1}`);
}
