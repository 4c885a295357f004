// Which process may have the lock file, by flock(2): one has what the path leads to, and whoever waits for a file that was
// removed waits until that is free. Who of those that wait comes first is open: it is asked who it was. Within a process
// the rules are those of world-model.ts. Knows no process.
import { OBJECTS, WorldModel, type Request } from "./world-model.ts";

/** A file that the path leads to, or led to once. */
export interface Inode {
  readonly number: number;
}

export interface ModelProcess {
  readonly world: WorldModel;
  /** What it has locked. */
  locked: Inode | undefined;
  /** What it tries for. */
  tries: Inode | undefined;
}

export class ProcessesModel {
  readonly processes: ModelProcess[];
  current: Inode = { number: 0 };
  /** What a stranger has locked. */
  stranger: Inode | undefined;
  readonly #tasks: readonly number[];
  /** Whether some who try may be about to turn from a file that is gone to the one that took its place. */
  #turning = false;
  /** Whether somebody asked who removes the lock file with the release. */
  #removes = false;

  constructor(processes: number, tasks: readonly number[]) {
    this.#tasks = tasks;
    this.processes = Array.from({ length: processes }, () => this.#begun());
  }

  isHeld(inode: Inode): boolean {
    return this.stranger === inode || this.processes.some(({ locked }) => locked === inode);
  }

  /** Those of whom one has to get the lock file now. */
  get candidates(): ModelProcess[] {
    if (this.isHeld(this.current)) return [];
    return this.processes.filter(({ tries }) => tries === this.current);
  }

  /** Whether it is certain what those who try have open. */
  get isCertain(): boolean {
    return !this.#turning;
  }

  ask(index: number, task: number, request: Request): void {
    const { world } = this.processes[index]!;
    this.#removes ||= "remove" in OBJECTS[request.object];
    this.#set(world, { free: !this.isHeld(this.current) });
    world.ask(task, request);
    this.#look();
  }

  /** Something ends in a process: what it frees with that, if anything, is won by whoever is seen to have it. */
  end(index: number, end: (world: WorldModel) => void): void {
    const process = this.processes[index]!;
    const had = process.locked;
    this.#set(process.world, { free: false });
    end(process.world);
    this.#look();
    if (had !== undefined && process.locked === undefined) this.#mayTurn();
  }

  /** It was seen that this process has won. */
  wins({ world }: ModelProcess): void {
    this.#set(world, { free: true });
    world.settle();
    this.#look();
  }

  kill(index: number): void {
    this.processes[index] = this.#begun();
    this.#mayTurn();
  }

  seize(): void {
    this.stranger = this.current;
  }

  letGo(): void {
    this.stranger = undefined;
    this.#mayTurn();
  }

  unlink(): void {
    this.current = { number: this.current.number + 1 };
    for (const { world } of this.processes) world.files.a.file = { strangers: [] };
  }

  #begun(): ModelProcess {
    const world = new WorldModel();
    for (const task of this.#tasks) world.start(task);
    return { world, locked: undefined, tries: undefined };
  }

  /** Whether the file could be won by a process. */
  #set({ files }: WorldModel, { free }: { readonly free: boolean }): void {
    files.a.file.strangers.splice(0, Infinity, ...(free ? [] : [false]));
  }

  #look(): void {
    for (const process of this.processes) {
      const { locked, polls } = process.world.files.a;
      if (locked === undefined) process.locked = undefined;
      else process.locked ??= this.current;
      if (!polls) process.tries = undefined;
      else process.tries ??= this.current;
    }
    if (this.processes.every(({ tries }) => tries === undefined)) this.#turning = false;
  }

  /** A file has come free, which may be one that the path no longer leads to. */
  #mayTurn(): void {
    for (const process of this.processes) {
      if (process.tries === undefined || this.isHeld(process.tries)) continue;
      this.#turning ||= this.#removes || process.tries !== this.current;
      process.tries = this.current;
    }
  }
}
