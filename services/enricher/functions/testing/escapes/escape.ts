/**
 * Attempts to get out of an execution environment. Each is the body of an async function that knows `out`, a
 * folder that is not the function's, with `secret`, a file in it; `own`, the function's folder; `victim` and
 * `parent`, pids of other processes. An attempt has succeeded when its answer or its log has the secret's
 * text, when anything in `out` or `own` has changed, when the victim got a signal or another priority, or
 * when it answers 'reached'.
 */
export type Escape = readonly [name: string, code: string]
