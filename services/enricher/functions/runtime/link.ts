/** How an environment talks with the process that runs its function. */
import type { ChildProcess } from 'node:child_process'
import type { FailureKind } from './outcome.ts'

/** An invocation as it is handed over. */
export interface Call {
  /** Counts the invocations of the environment, from 1. */
  readonly sequence: number
  readonly requestId: string
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number
  readonly clientContext: unknown
  readonly identity: unknown
  /** As the caller named the function; that of the environment if undefined. */
  readonly functionArn: string | undefined
  /** JSON text. */
  readonly payload: Buffer
}

export interface Link {
  /** Hands the call over. The process is ready and has answered the call before. */
  begin(call: Call): void
  /** Lets go of what the link holds; the process has gone or is being killed. */
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
  /** The largest resident size of the process, in KiB, where only the process itself knows it. */
  measured(memoryKb: number): void
  /**
   * The function's own code did what its runtime would not do. The environment ends before that costs the
   * service.
   */
  intruded(sentence: string): void
}
