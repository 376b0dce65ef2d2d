/** What a server of the stack is. Each is one file in servers/. */
import type { ChildProcess } from './process.ts'

export interface Server<Options> {
  readonly name: string
  /** Downloads and unpacks the software where it is missing. */
  prepare(): Promise<void>
  /** Starts a process; `ready` tells when it serves. */
  start(options: Options): Promise<Running>
}

export interface Place {
  /** The server's own folder; made when missing. */
  readonly data: string
  readonly log: string
  /** Make its next starts quicker at the cost of a longer end (shared-classes.ts). */
  readonly recordClasses?: boolean
}

export interface Running extends ChildProcess {
  /** What clients are given: `host:port` of Kafka, a URL of the others. */
  readonly url: string
  /** Resolves once the server answered a real request; rejects when it ended before. */
  readonly ready: Promise<void>
}

/** A process and its health check as one. */
export function running(child: ChildProcess, url: string, ready: Promise<void>): Running {
  // Whoever awaits `ready` sees the failure; a caller that stops early must not end the whole process by an
  // unhandled rejection.
  ready.catch(() => {})
  return { ...child, url, ready }
}
