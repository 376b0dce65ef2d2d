/** The interface of the stack's servers. Each is one file in servers/. */
import type { ChildProcess } from './process.ts'

export interface Server<Options> {
  readonly name: string
  /** Downloads and unpacks the software if it is missing. */
  prepare(): Promise<void>
  /** Starts a process; `ready` resolves once it serves. */
  start(options: Options): Promise<Running>
}

export interface Place {
  /** The server's own folder, created when missing. */
  readonly data: string
  readonly log: string
  /** Makes later starts faster at the cost of a slower shutdown (shared-classes.ts). */
  readonly recordClasses?: boolean
}

export interface Running extends ChildProcess {
  /** The address for clients: `host:port` for Kafka, a URL for the others. */
  readonly url: string
  /** Resolves once the server has answered a real request. Rejects if it ends before. */
  readonly ready: Promise<void>
}

/** Combines a process and its health check. */
export function running(child: ChildProcess, url: string, ready: Promise<void>): Running {
  // Callers that await `ready` see the failure. A caller that stops early must not end the whole process with
  // an unhandled rejection.
  ready.catch(() => {})
  return { ...child, url, ready }
}
