/** How an invocation ended. */
import { constants } from 'node:os'

export interface Measured {
  /** From the moment the event is passed to the process to the end, without the start of the process. */
  readonly durationMs: number
  /** The largest resident size of the process so far, Node's own base included (about 50 MiB). */
  readonly maxMemoryMb: number
  /** The start of the process and the loading of its code, if this invocation was the first. */
  readonly initMs: number | undefined
  /** The last 4 KB of the invocation's log, for LogResult (there in base64). */
  readonly logTail: string
}

export interface Success extends Measured {
  readonly ok: true
  /** JSON text. */
  readonly payload: Buffer
}

/**
 * handled: the handler threw, rejected or called back with an error. unhandled: an uncaught error, or a
 * promise that nothing could settle any more. timeout, memory: killed. exit: the process ended by itself.
 * init: the code could not be loaded. too-large: the response has more than 6 MB.
 */
export type FailureKind = 'handled' | 'unhandled' | 'timeout' | 'memory' | 'exit' | 'init' | 'too-large'

export interface Failure extends Measured {
  readonly ok: false
  readonly kind: FailureKind
  /** JSON text of AWS's error: { errorType, errorMessage, trace? }. */
  readonly payload: Buffer
}

export type InvocationResult = Success | Failure

export function errorPayload(errorType: string, errorMessage: string): Buffer {
  return Buffer.from(JSON.stringify({ errorType, errorMessage }))
}

/**
 * AWS's words for the end of a process: "exit status 1", "signal: killed". Undefined for an exit with 0. A
 * shell that waited for the process adds 128 to the number of its signal.
 */
export function endOf(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  const ended = signal ?? NAMES.get((code ?? 0) - SHELL_SIGNAL)
  if (ended) return `signal: ${SIGNALS[ended] ?? ended}`
  return code === 0 ? undefined : `exit status ${code}`
}

const SHELL_SIGNAL = 128
/** Some signals have two names; the first counts. */
const NAMES = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, n]) => [n, name as NodeJS.Signals]),
)

const SIGNALS: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGKILL: 'killed',
  SIGABRT: 'aborted',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
  SIGINT: 'interrupt',
  SIGBUS: 'bus error',
  SIGILL: 'illegal instruction',
  SIGTRAP: 'trace/breakpoint trap',
  SIGFPE: 'floating point exception',
  SIGHUP: 'hangup',
}

export const ABORTED = endOf(null, 'SIGABRT')
