/**
 * `node:util`, without an import of it. From Node 22 on, that evaluates all that it exports, and one of those opens `process.stderr`,
 * which makes a pipe non-blocking for everybody who shares it: what then is lost, standard-error.ts tells. Whoever merely
 * imports this package must not have that.
 */
export const { debuglog, inspect } = process.getBuiltinModule("node:util");
