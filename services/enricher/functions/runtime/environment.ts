/**
 * An execution environment: a child process that runs one function, one invocation at a time, and keeps its
 * state between them.
 *
 * The function sees its own environment variables and none of the service's. SIGKILL ends it if it exceeds
 * its time or its memory. The kernel confines its processes (confine.ts). On Node.js, it also cannot read any
 * file but its code, write files, open unix sockets, start processes, threads or addons, or send signals.
 * Nothing confines the network, which is open (127.0.0.1 included), or the processor, which is shared; and
 * code is not frozen between two invocations, as it is on AWS. The function runs as the service's user, so
 * run the code of strangers in a container or a machine of its own. Without namespaces, symbolic links in the
 * directory are followed wherever they lead; unpack none.
 */
import type { ChildProcess } from 'node:child_process'
import { isAbsolute } from 'node:path'
import { openApiLink } from './api-link.ts'
import { type Confinement, launchers } from './confine.ts'
import { openLog } from './log.ts'
import { openNodeLink } from './node-link.ts'
import { ABORTED, endOf, errorPayload, type FailureKind, type Outcome } from './outcome.ts'
import { endFirst, killGroup, killTree, memoryKb, treeOf } from './processes.ts'
import type { Python } from './python.ts'

/** The time for starting the process and loading its code, as on AWS. */
const INIT_TIMEOUT_MS = 10_000
/** How often memory is measured while the function is working. */
const MEMORY_MS = 100
/**
 * The time from the end of the pipe to the kill. A process that is about to exit closes the pipe first, and
 * its exit status should not be lost.
 */
const EXIT_MS = 200
/** How long output is read after the process has exited. */
const OUTPUT_MS = 1000
const TOO_MUCH_MEMORY = 'The environment has used more memory than its function may have.'

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
  /** Resident memory, 128 to 10,240; includes Node's own base of about 50 MiB. */
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

export interface Environment {
  readonly options: EnvironmentOptions
  readonly pid: number | undefined
  /**
   * starting: its code is being loaded; it already accepts its first invocation. ended: the process is gone
   * or about to go.
   */
  readonly state: 'starting' | 'idle' | 'busy' | 'ended'
  /** Resolves when the process is gone. */
  readonly closed: Promise<void>
  /**
   * Calls the handler with the event, the JSON text in `payload`. Resolves with the outcome; if the process
   * was killed, only after it is gone. Rejects if the environment is busy or ended, with the signal's reason,
   * or with EnvironmentStopped; it is then unknown how far the handler got.
   */
  invoke(payload: Buffer, options: InvocationOptions): Promise<Outcome>
  /** Kills the process at once; its invocation rejects with EnvironmentStopped. Resolves when it is gone. */
  stop(): Promise<void>
}

/** The invocation was cut off because its environment had to end, not because of a fault in the function. */
export class EnvironmentStopped extends Error {
  override readonly name = 'EnvironmentStopped'
}

interface Invocation {
  readonly requestId: string
  readonly sequence: number
  readonly payload: Buffer
  readonly options: InvocationOptions
  /** When the event was handed over; undefined while the code is being loaded. */
  startedAt: number | undefined
  timeout: NodeJS.Timeout | undefined
  resolve(outcome: Outcome): void
  reject(error: unknown): void
  release(): void
}

/** Why an invocation or the process ends, as far as known before the process is gone. */
type Verdict = Fault | { readonly rejection: unknown }

interface Fault {
  readonly kind: FailureKind
  payload(requestId: string): Buffer
}

/**
 * Starts the process at once. Throws if the options are invalid; any later failure is the outcome of the
 * first invocation.
 */
export function openEnvironment(options: EnvironmentOptions): Environment {
  check(options)
  const log = openLog((line) => options.log(line))
  const openedAt = performance.now()
  const { promise: closed, resolve: close } = Promise.withResolvers<void>()
  let child: ChildProcess | undefined
  let state: 'starting' | 'idle' | 'busy' | 'ended' = 'starting'
  let initMs: number | undefined
  let current: Invocation | undefined
  let sequence = 0
  let peakKb = 0
  let programs: readonly number[] = []
  let isGone = false
  let verdict: Verdict | undefined
  let watch: NodeJS.Timeout | undefined = setInterval(watchMemory, MEMORY_MS)
  const initTimeout = after(options.initTimeoutMs ?? INIT_TIMEOUT_MS, () => {
    if (state !== 'starting') return
    const text = `Init timed out after ${seconds(options.initTimeoutMs ?? INIT_TIMEOUT_MS)} seconds`
    log.add(text)
    end({
      kind: 'init',
      payload: (id) => errorPayload('Sandbox.Timedout', `RequestId: ${id} Error: ${text}`),
    })
  })
  const openLink = options.runtime === undefined || options.runtime === 'nodejs' ? openNodeLink : openApiLink
  const link = openLink(options, {
    spawned,
    failed,
    ready,
    answered: (kind, payload) => {
      if (state === 'busy' && current) finish(kind, payload)
    },
    dying: (kind, payload) => end({ kind, payload: () => payload }),
    // Leaves time for an exit status that is about to arrive.
    lost: () => {
      state = 'ended'
      setTimeout(kill, EXIT_MS).unref()
    },
    measured: (memoryKb) => {
      peakKb = Math.max(peakKb, memoryKb)
    },
    intruded: (sentence) => {
      if (state === 'ended') return
      log.add(sentence)
      kill()
    },
  })

  function spawned(started: ChildProcess): void {
    child = started
    log.read(child.stdout!)
    log.read(child.stderr!)
    if (child.pid !== undefined) endFirst(child.pid)
    child.once('error', ({ message }) => {
      if (started.pid !== undefined) return
      failed(errorPayload('Runtime.ExitError', `The process cannot be started: ${message}`))
    })
    child.once('exit', () => {
      killGroup(started.pid!)
      // A process that it left behind outside its group may keep the output open.
      const timer = setTimeout(
        () => [started.stdout, started.stderr].forEach((stream) => stream?.destroy()),
        OUTPUT_MS,
      )
      started.once('close', () => clearTimeout(timer))
    })
    child.once('close', gone)
    if (state === 'ended') kill()
  }

  function failed(payload: Buffer): void {
    verdict ??= { kind: 'init', payload: () => payload }
    gone(null, null)
  }

  function ready(): void {
    if (state !== 'starting') return
    clearTimeout(initTimeout)
    initMs = performance.now() - openedAt
    state = 'idle'
    lookAround()
    if (current) begin(current)
    else rest()
  }

  function begin(invocation: Invocation): void {
    state = 'busy'
    const {
      requestId,
      payload,
      options: { clientContext, identity, functionArn },
    } = invocation
    log.note(`START RequestId: ${requestId} Version: ${options.version}`)
    invocation.startedAt = performance.now()
    invocation.timeout = after(options.timeoutMs, () => {
      if (current !== invocation || state === 'ended') return
      const text = `${new Date().toISOString()} ${requestId} Task timed out after ${seconds(options.timeoutMs)} seconds`
      log.add(text)
      end({ kind: 'timeout', payload: () => errorPayload('Sandbox.Timedout', text) })
    })
    watch ??= setInterval(watchMemory, MEMORY_MS)
    const deadlineMs = Date.now() + options.timeoutMs
    link.begin({
      sequence: invocation.sequence,
      requestId,
      deadlineMs,
      clientContext,
      identity,
      functionArn,
      payload,
    })
  }

  /** The function has answered, and its process stays. */
  function finish(kind: FailureKind | undefined, payload: Buffer): void {
    const invocation = current!
    const durationMs = performance.now() - invocation.startedAt!
    current = undefined
    invocation.release()
    rest()
    // What it printed before it answered is read in this turn of the event loop.
    setImmediate(() => {
      look()
      // The answer counts, but an environment that uses too much memory does not stay.
      if (peakKb > options.memoryMb * 1024) end({ rejection: new EnvironmentStopped(TOO_MUCH_MEMORY) })
      else if (state === 'busy') state = 'idle'
      const measured = measure(invocation, durationMs)
      invocation.resolve(
        kind === undefined ? { ok: true, payload, ...measured } : { ok: false, kind, payload, ...measured },
      )
    })
  }

  function measure(
    invocation: Invocation,
    durationMs: number,
  ): Omit<Outcome & { ok: true }, 'ok' | 'payload'> {
    const maxMemoryMb = Math.ceil(peakKb / 1024)
    const first = invocation.sequence === 1 ? (initMs ?? performance.now() - openedAt) : undefined
    log.note(`END RequestId: ${invocation.requestId}`)
    log.note(
      `REPORT RequestId: ${invocation.requestId}\tDuration: ${durationMs.toFixed(2)} ms\tBilled Duration: ${Math.ceil(durationMs)} ms\t` +
        `Memory Size: ${options.memoryMb} MB\tMax Memory Used: ${maxMemoryMb} MB\t${first === undefined ? '' : `Init Duration: ${first.toFixed(2)} ms\t`}`,
    )
    return { durationMs, maxMemoryMb, initMs: first, logTail: log.tail() }
  }

  function look(): void {
    peakKb = Math.max(peakKb, memoryKb(programs) ?? 0)
  }

  /** Like `look`, but also finds the processes that the program has started since. */
  function lookAround(): void {
    if (child?.pid !== undefined) programs = treeOf(child.pid).slice(launchers(options.confinement))
    look()
  }

  /** Stops measuring memory: it is measured only while the function is working. */
  function rest(): void {
    clearInterval(watch)
    watch = undefined
  }

  function watchMemory(): void {
    lookAround()
    if (state === 'ended' || peakKb <= options.memoryMb * 1024) return
    end({
      kind: 'memory',
      payload: (id) =>
        errorPayload(
          'Runtime.OutOfMemory',
          `RequestId: ${id} Error: Runtime exited with error: signal: killed`,
        ),
    })
  }

  /**
   * Kills the process for a reason; the invocation ends when the process is gone. The first reason counts.
   */
  function end(reason: Verdict): void {
    verdict ??= reason
    kill()
  }

  function kill(): void {
    state = 'ended'
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) killTree(child.pid)
  }

  function gone(code: number | null, signal: NodeJS.Signals | null): void {
    const starting = initMs === undefined
    state = 'ended'
    isGone = true
    rest()
    clearTimeout(initTimeout)
    link.close()
    log.end()
    close()
    const invocation = current
    if (!invocation) return
    current = undefined
    invocation.release()
    if (verdict && 'rejection' in verdict) return invocation.reject(verdict.rejection)
    const durationMs = performance.now() - (invocation.startedAt ?? openedAt)
    const { kind, payload } = verdict ?? exited(code, signal, starting)
    const body = payload(invocation.requestId)
    if (!verdict || kind === 'memory') log.add(String(JSON.parse(body.toString()).errorMessage))
    invocation.resolve({
      ok: false,
      kind,
      payload: body,
      ...measure(invocation, invocation.startedAt === undefined ? 0 : durationMs),
    })
  }

  /** The process ended by itself. */
  function exited(code: number | null, signal: NodeJS.Signals | null, starting: boolean): Fault {
    const ended = endOf(code, signal)
    // V8 aborts when its heap is full.
    const full = ended === ABORTED && log.tail().includes('JavaScript heap out of memory')
    const errorType = full ? 'Runtime.OutOfMemory' : 'Runtime.ExitError'
    const text = `Runtime exited ${ended === undefined ? 'without providing a reason' : `with error: ${ended}`}`
    return {
      kind: full ? 'memory' : starting ? 'init' : 'exit',
      payload: (id) => errorPayload(errorType, `RequestId: ${id} Error: ${text}`),
    }
  }

  return {
    options,
    closed,
    get pid() {
      return child?.pid
    },
    get state() {
      return current && state === 'idle' ? 'busy' : state
    },
    invoke: (payload, invocationOptions) =>
      new Promise((resolve, reject) => {
        const { signal, requestId } = invocationOptions
        if (signal?.aborted) return reject(signal.reason)
        if (current || state === 'busy')
          return reject(new Error('The environment is busy; give it one invocation at a time.'))
        // A failure before the first invocation is the outcome of that invocation.
        const failedToStart = initMs === undefined && sequence === 0 && !(verdict && 'rejection' in verdict)
        if (state === 'ended' && !failedToStart)
          return reject(new EnvironmentStopped('The environment has ended; open another one.'))
        const abort = (): void => end({ rejection: signal!.reason })
        signal?.addEventListener('abort', abort, { once: true })
        const invocation: Invocation = {
          requestId,
          sequence: ++sequence,
          payload,
          options: invocationOptions,
          startedAt: undefined,
          timeout: undefined,
          resolve,
          reject,
          release: () => {
            clearTimeout(invocation.timeout)
            signal?.removeEventListener('abort', abort)
          },
        }
        current = invocation
        log.begin()
        if (state === 'idle') begin(invocation)
        else if (isGone) gone(child?.exitCode ?? null, child?.signalCode ?? null)
      }),
    stop: () => {
      end({ rejection: new EnvironmentStopped('The environment was stopped while its function worked.') })
      return closed
    },
  }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2)

/**
 * Calls back after `ms`, but not before everything that has arrived by then is read: this process may have
 * been busy itself.
 */
const after = (ms: number, callback: () => void): NodeJS.Timeout =>
  setTimeout(() => setImmediate(callback), ms)

function check({ directory, memoryMb, timeoutMs }: EnvironmentOptions): void {
  if (!isAbsolute(directory) || directory.includes('*'))
    throw new Error(`The directory ${directory} of a function must be absolute and have no * in its name.`)
  if (!(memoryMb >= 128 && memoryMb <= 10_240))
    throw new Error(`The memory of a function is ${memoryMb} MB; it must be from 128 to 10240.`)
  if (!(timeoutMs > 0 && timeoutMs <= 900_000))
    throw new Error(`The timeout of a function is ${timeoutMs} ms; it must be at most 15 minutes.`)
}
