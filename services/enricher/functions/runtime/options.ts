/** The options of an environment and of its invocations. */
import { isAbsolute } from 'node:path'
import type { Confinement } from './confine.ts'
import type { Python } from './python.ts'

/** A handler for Node.js, one for Python, or an executable `bootstrap` that speaks Lambda's Runtime API. */
export type RuntimeKind = 'nodejs' | 'python' | 'provided'

export interface EnvironmentOptions {
  /** nodejs if not given. */
  readonly runtime?: RuntimeKind
  /** The interpreter, for python. */
  readonly python?: Python
  /** Defaults to the strongest that the machine allows. */
  readonly confinement?: Confinement
  readonly functionName: string
  /** arn:aws:lambda:REGION:ACCOUNT:function:NAME */
  readonly functionArn: string
  /** A number or $LATEST. */
  readonly version: string
  /**
   * Holds the code; an absolute path. The only other folders that Node.js reads are the node_modules above
   * it.
   */
  readonly directory: string
  /** `index.handler`: file without its extension, then export. */
  readonly handler: string
  /**
   * The function's own variables. On Node.js, variables that Node or the linker read at startup have no
   * effect.
   */
  readonly environment: Readonly<Record<string, string>>
  /** Resident and shared memory of all processes, 128 to 10,240; includes Node's own base of about 50 MiB. */
  readonly memoryMb: number
  /** The limit of an invocation, without the start of the process. */
  readonly timeoutMs: number
  /** The limit of the start; defaults to 10 s, as on AWS. */
  readonly initTimeoutMs?: number
  /**
   * Receives every line that the function prints, at most 1 MB a second, and the lines about how it ended.
   */
  log(line: string): void
}

export interface InvocationOptions {
  readonly requestId: string
  /** The caller's ClientContext, parsed. */
  readonly clientContext?: unknown
  /** The ARN by which the caller named the function, with its qualifier; defaults to the environment's. */
  readonly functionArn?: string
  /** The Cognito identity. */
  readonly identity?: unknown
  /**
   * Aborting kills the process, and the invocation rejects with the signal's reason: it counts as never made.
   */
  readonly signal?: AbortSignal
}

/** Throws if the options are invalid. */
export function checkOptions({ directory, memoryMb, timeoutMs }: EnvironmentOptions): void {
  if (!isAbsolute(directory) || directory.includes('*'))
    throw new Error(`The directory ${directory} of a function must be absolute and have no * in its name.`)
  if (!(memoryMb >= 128 && memoryMb <= 10_240))
    throw new Error(`The memory of a function is ${memoryMb} MB; it must be from 128 to 10240.`)
  if (!(timeoutMs > 0 && timeoutMs <= 900_000))
    throw new Error(`The timeout of a function is ${timeoutMs} ms; it must be at most 15 minutes.`)
}
