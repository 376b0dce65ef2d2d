/** The connection between an environment and the process that runs its function. */
import type { ChildProcess } from 'node:child_process'
import type { FailureKind } from './result.ts'

/** An invocation as it is passed to the process. */
export interface Call {
  /** Counts the invocations of the environment, from 1. */
  readonly sequence: number
  readonly requestId: string
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number
  readonly clientContext: unknown
  readonly identity: unknown
  /** The ARN by which the caller named the function; undefined: the environment's. */
  readonly functionArn: string | undefined
  /** JSON text. */
  readonly payload: Buffer
}

export interface Link {
  /** Passes the call to the process, which is ready and has answered the previous call. */
  begin(call: Call): void
  /** Releases what the link holds; the process is gone or is being killed. */
  close(): void
}

/** The environment, as its link sees it. */
export interface Host {
  /** The process is being started. */
  spawned(child: ChildProcess): void
  /** The process cannot be started; the invocation fails with this error. */
  failed(payload: Buffer): void
  /** The code is loaded. */
  ready(): void
  /** The function has answered its call, and its process stays. */
  answered(kind: FailureKind | undefined, payload: Buffer): void
  /** The code cannot be loaded (init), or an error was not caught (unhandled): the process ends. */
  dying(kind: 'init' | 'unhandled', payload: Buffer): void
  /** The process cannot be asked for anything more. */
  lost(): void
  /** The largest resident size of the process, in KiB, if only the process itself knows it. */
  measured(memoryKb: number): void
  /**
   * The function's own code did something that its runtime never does. The environment ends before that costs
   * the service.
   */
  intruded(sentence: string): void
}
