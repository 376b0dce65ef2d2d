/** Faults that end a process, in AWS's words. */
import { ABORTED, endOf, errorPayload, type FailureKind } from './result.ts'

export interface Fault {
  readonly kind: FailureKind
  payload(requestId: string): Buffer
}

/** A line of the log about a timeout, and the fault. */
export interface Timeout {
  readonly line: string
  readonly fault: Fault
}

export function initTimeout(afterMs: number): Timeout {
  const line = `Init timed out after ${seconds(afterMs)} seconds`
  const payload = (id: string): Buffer => errorPayload('Sandbox.Timedout', `RequestId: ${id} Error: ${line}`)
  return { line, fault: { kind: 'init', payload } }
}

export function taskTimeout(requestId: string, afterMs: number): Timeout {
  const line = `${new Date().toISOString()} ${requestId} Task timed out after ${seconds(afterMs)} seconds`
  return { line, fault: { kind: 'timeout', payload: () => errorPayload('Sandbox.Timedout', line) } }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2)

export const OUT_OF_MEMORY: Fault = {
  kind: 'memory',
  payload: (id) =>
    errorPayload('Runtime.OutOfMemory', `RequestId: ${id} Error: Runtime exited with error: signal: killed`),
}

/** The process ended by itself. @param logTail the end of its output */
export function exitFault(
  code: number | null,
  signal: NodeJS.Signals | null,
  { starting, logTail }: { readonly starting: boolean; readonly logTail: string },
): Fault {
  const ended = endOf(code, signal)
  // V8 aborts when its heap is full.
  const full = ended === ABORTED && logTail.includes('JavaScript heap out of memory')
  const errorType = full ? 'Runtime.OutOfMemory' : 'Runtime.ExitError'
  const text = `Runtime exited ${ended === undefined ? 'without providing a reason' : `with error: ${ended}`}`
  return {
    kind: full ? 'memory' : starting ? 'init' : 'exit',
    payload: (id) => errorPayload(errorType, `RequestId: ${id} Error: ${text}`),
  }
}
