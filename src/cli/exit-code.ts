/** The exit codes, as sysexits(3) has them and users of flock(1) expect them. Knows no errors, only their codes. */

const CODES = {
  conflict: 1,
  usage: 64, // EX_USAGE
  input: 66, // EX_NOINPUT
  unavailable: 69, // EX_UNAVAILABLE
  software: 70, // EX_SOFTWARE
  system: 71, // EX_OSERR
  create: 73, // EX_CANTCREAT
  output: 74, // EX_IOERR
  notExecutable: 126,
  notFound: 127,
  /** 128 and the number of SIGPIPE, which Windows does not have. */
  brokenPipe: 141,
  /** To which the number of a signal is added. */
  signal: 128,
};

/** Which of them a system error is, by its `code`. Any other is one of the lock file: EX_NOINPUT. */
const SYSTEM: Record<string, keyof typeof CODES> = {
  EMFILE: "system",
  ENFILE: "system",
  ENOLCK: "system",
  ENOMEM: "system",
  EIO: "system",
  EDQUOT: "create",
  ENOSPC: "create",
  EROFS: "create",
  ENOSYS: "unavailable",
  ENOTSUP: "unavailable",
  EOPNOTSUPP: "unavailable",
  HOLDFAST_NO_BACKEND: "unavailable",
};

export type Ending = keyof typeof CODES;

/** @param ending what kind of end it is, or the `code` of a system error. */
export function exitCodeOf(ending: Ending | (string & {})): number {
  if (Object.hasOwn(CODES, ending)) return CODES[ending as Ending];
  return CODES[SYSTEM[ending] ?? (/^E[A-Z0-9]+$/.test(ending) ? "input" : "software")];
}
