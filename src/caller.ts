/**
 * Which file the running code was called from: what the stack says of it. Knows nothing of what the answer is for.
 */
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The absolute path of the file that says `new` for the class `made`: the constructors that its own one calls by `super()`
 * do not count, in whatever file they are. It is the file that runs: what a source map says of it does not count
 * either. Undefined where there is none, as in eval, the REPL and `node --eval`.
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- nobody calls it
export function fileThatMakes(made: Function): string | undefined {
  const site = siteThatCalls(made);
  return site === undefined || site.isEval() ? undefined : pathOf(site.getFileName());
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- nobody calls it
function siteThatCalls(called: Function): NodeJS.CallSite | undefined {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- not called: it is put back
  const { prepareStackTrace, stackTraceLimit } = Error;
  const trace: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_, sites) => sites;
    Error.captureStackTrace(trace, called);
    return (trace.stack as NodeJS.CallSite[])[0]; // it is prepared when it is first read
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** What is evaluated as an ES module (`node --input-type=module --eval`) looks like a file in the working directory. */
const EVALUATED = /\/\[eval\d*\]$/;

function pathOf(file: string | null | undefined): string | undefined {
  if (file?.startsWith("file:") === true) return EVALUATED.test(file) ? undefined : fileURLToPath(file);
  return typeof file === "string" && isAbsolute(file) ? file : undefined;
}
