// Faults by which another user, who may create files beside a lock file, could get at files that are none of a lock's business.
import type { Mutant } from "../mutant.ts";

export const security: readonly Mutant[] = [
  {
    name: "security: sets the bits of a file with another name",
    file: "drivers/flock-grant.ts",
    edits: [
      [
        "if (this.#named.size !== 0n || !hasOneName(this.#named)) return;",
        "if (this.#named.size !== 0n) return;",
      ],
      ["if (isAlone(this.#key, this.#file)) setMode", "setMode"],
    ],
    noticedBy: ["security/lock-file.test.ts", "does not get the mode of the lock"],
  },
  {
    name: "security: sets the bits of a file with something in it",
    file: "drivers/flock-grant.ts",
    edits: [["if (this.#named.size !== 0n || !hasOneName", "if (!hasOneName"]],
    noticedBy: ["security/lock-file.test.ts", "A file with something in it, which somebody has moved there"],
  },
  {
    name: "security: touches a file with another name",
    file: "drivers/flock-grant.ts",
    edits: [["if (hasOneName(this.#named)) touch(this.fd);", "touch(this.fd);"]],
    noticedBy: ["security/lock-file.test.ts", "does not get the time of a release"],
  },
  {
    name: "security: asks the descriptor whether there is another name",
    file: "drivers/flock-grant.ts",
    edits: [
      [
        "if (this.#named.size !== 0n || !hasOneName(this.#named)) return;",
        "if (fstatSync(this.fd).nlink > 1) return;",
      ],
      ["if (isAlone(this.#key, this.#file)) setMode", "setMode"],
      ["futimesSync, lstatSync", "fstatSync, futimesSync, lstatSync"],
    ],
    noticedBy: ["security/lock-file.test.ts", "where the link is gone by then"],
  },
  {
    name: "security: goes by the name of the directory of the line",
    file: "drivers/pinned-directory.ts",
    edits: [["this.path = link;", "this.path = path;"]],
    noticedBy: ["security/queue.test.ts", "when the gate is about to be made"],
  },
  {
    name: "security: pins what a symbolic link leads to",
    file: "drivers/pinned-directory.ts",
    edits: [["constants.O_RDONLY | O_DIRECTORY | O_NOFOLLOW", "constants.O_RDONLY | O_DIRECTORY"]],
    noticedBy: ["security/queue.test.ts", "A pinned directory is no symbolic link"],
  },
  {
    name: "security: unlinks a ticket by its name",
    file: "drivers/ticket.ts",
    edits: [
      [
        "if (isNamed(path, this.#file)) removeQuietly(path);",
        "if (isNamed(path, this.#file)) removeQuietly(ticketOf(this.#lockFile, this.number));",
      ],
    ],
    noticedBy: ["security/queue.test.ts", "when a ticket is about to be removed"],
  },
  {
    name: "security: sets the bits of whatever the directory's name leads to",
    file: "drivers/queue-directory.ts",
    edits: [
      ["const made = new PinnedDirectory(directory);", "const made = { close: () => undefined };"],
      ["made.setMode(bits);", "chmodSync(directory, bits);"],
      ["import { lstatSync,", "import { chmodSync, lstatSync,"],
    ],
    noticedBy: ["security/queue.test.ts", "when the directory has just been made"],
  },
  {
    name: "security: makes the directory of the line everybody's for a moment",
    file: "drivers/queue-directory.ts",
    edits: [["mkdirSync(directory, bits);", "mkdirSync(directory);"]],
    noticedBy: ["security/queue.test.ts", "not even for a moment"],
  },
  {
    name: "security: makes the gate everybody's for a moment",
    file: "drivers/gate.ts",
    edits: [["openItself(path, flags, mode ?? 0o666)", "openItself(path, flags, 0o666)"]],
    noticedBy: ["security/queue.test.ts", "not even for a moment"],
  },
  {
    name: "security: makes a ticket everybody's for a moment",
    file: "drivers/ticket.ts",
    edits: [["O_EXCL, mode ?? 0o666)", "O_EXCL, 0o666)"]],
    noticedBy: ["security/queue.test.ts", "not even for a moment"],
  },
  {
    name: "security: takes a gate with another name by the time that it is locked",
    file: "drivers/gate.ts",
    edits: [["if (!isOfLine(named)) throw notAGate(lockFile);", ""]],
    noticedBy: ["security/queue.test.ts", "has got another name"],
  },
  {
    name: "security: reads a marker through a symbolic link",
    file: "drivers/soft-file.ts",
    edits: [
      ["openItself(path, constants.O_RDONLY)", "openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)"],
      ["lstatSync } from", "lstatSync, openSync } from"],
    ],
    noticedBy: ["security/marker.test.ts", "What seems left behind is not removed through a link"],
  },
  {
    name: "security: shows what control characters somebody has put into a marker",
    file: "drivers/soft-marker.ts",
    edits: [["(\\P{Cc}+)", "([^\\n]+)"]],
    noticedBy: ["security/marker.test.ts", "Control characters"],
  },
  {
    name: "security: makes the holder's right without the bits that were asked for",
    file: "drivers/soft-grant.ts",
    edits: [["to: name, mode: this.#mode }", "to: name, mode: undefined }"]],
    noticedBy: ["security/marker.test.ts", "also where there are no hard links"],
  },
  {
    name: "security: breaks a lock without the bits that were asked for",
    file: "drivers/soft.ts",
    edits: [["new Aside(key, mode, softCalls)", "new Aside(key, undefined, softCalls)"]],
    noticedBy: ["security/marker.test.ts", "for what breakLock() writes"],
  },
  {
    name: "breaks what is no marker",
    file: "drivers/soft.ts",
    edits: [["(text === undefined || mayBeginMarker(text))", "(text === undefined || mayBeginMarker(''))"]],
    noticedBy: ["soft-lock.test.ts", "that is no marker, but text"],
  },
  {
    name: "security: writes the process id into a file that is no longer at the path",
    file: "drivers/pid-file.ts",
    edits: [["const named = namedAs(path, file);", "const named = file; void namedAs;"]],
    noticedBy: ["security/process-lock.test.ts", "no longer at the path"],
  },
];
