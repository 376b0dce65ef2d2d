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
import { openApiLink } from './api-link.ts'
import { exitFault, type Fault, initTimeout, OUT_OF_MEMORY, type Timeout, taskTimeout } from './faults.ts'
import { FunctionProcess } from './function-process.ts'
import { after, Invocation } from './invocation.ts'
import type { Host, Link } from './link.ts'
import { FunctionLog } from './log.ts'
import { MemoryWatch } from './memory-watch.ts'
import { openNodeLink } from './node-link.ts'
import { checkOptions, type EnvironmentOptions, type InvocationOptions } from './options.ts'
import { errorPayload, type FailureKind, type InvocationResult, type Measured } from './result.ts'

/** The time for starting the process and loading its code, as on AWS. */
const INIT_TIMEOUT_MS = 10_000
/**
 * The time from the end of the pipe to the kill. A process that is about to exit closes the pipe first, and
 * its exit status should not be lost.
 */
const EXIT_MS = 200
const TOO_MUCH_MEMORY = 'The environment has used more memory than its function is allowed.'

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
   * Calls the handler with the event, the JSON text in `payload`. Resolves with the result; if the process
   * was killed, only after it is gone. Rejects if the environment is busy or ended, with the signal's reason,
   * or with EnvironmentStopped; it is then unknown how far the handler got.
   */
  invoke(payload: Buffer, options: InvocationOptions): Promise<InvocationResult>
  /** Kills the process at once; its invocation rejects with EnvironmentStopped. Resolves when it is gone. */
  stop(): Promise<void>
}

/** The invocation was cut off because its environment had to end, not because of a fault in the function. */
export class EnvironmentStopped extends Error {
  override readonly name = 'EnvironmentStopped'
}

/** Why an invocation or the process ends, as far as known before the process is gone. */
type Verdict = Fault | { readonly rejection: unknown }

/**
 * Starts the process at once. Throws if the options are invalid; any later failure is the result of the
 * first invocation.
 */
export function openEnvironment(options: EnvironmentOptions): Environment {
  checkOptions(options)
  return new ProcessEnvironment(options)
}

class ProcessEnvironment implements Environment {
  readonly options: EnvironmentOptions
  readonly #log: FunctionLog
  readonly #memory: MemoryWatch
  readonly #process = new FunctionProcess()
  readonly #link: Link
  readonly #openedAt = performance.now()
  readonly #initTimeout: NodeJS.Timeout
  readonly #gone = Promise.withResolvers<void>()
  #isGone = false
  #state: Environment['state'] = 'starting'
  /** How long the start took; undefined until the code is loaded. */
  #initMs: number | undefined
  #current: Invocation | undefined
  /** The number of invocations so far. */
  #sequence = 0
  #verdict: Verdict | undefined

  constructor(options: EnvironmentOptions) {
    this.options = options
    this.#log = new FunctionLog((line) => options.log(line))
    this.#memory = new MemoryWatch(options, {
      exceeded: () => {
        if (this.#state !== 'ended') this.#end(OUT_OF_MEMORY)
      },
      unmeasurable: (sentence) => this.#intruded(sentence),
    })
    const initMs = options.initTimeoutMs ?? INIT_TIMEOUT_MS
    this.#initTimeout = after(initMs, () => {
      if (this.#state === 'starting') this.#timedOut(initTimeout(initMs))
    })
    const isNode = options.runtime === undefined || options.runtime === 'nodejs'
    this.#link = (isNode ? openNodeLink : openApiLink)(options, this.#host())
  }

  get closed(): Promise<void> {
    return this.#gone.promise
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get state(): Environment['state'] {
    return this.#current && this.#state === 'idle' ? 'busy' : this.#state
  }

  invoke(payload: Buffer, options: InvocationOptions): Promise<InvocationResult> {
    if (options.signal?.aborted) return Promise.reject(options.signal.reason)
    if (this.#current || this.#state === 'busy')
      return Promise.reject(new Error('The environment is busy; give it one invocation at a time.'))
    // A failure before the first invocation is the result of that invocation.
    const rejected = this.#verdict !== undefined && 'rejection' in this.#verdict
    const failedToStart = this.#initMs === undefined && this.#sequence === 0 && !rejected
    if (this.#state === 'ended' && !failedToStart)
      return Promise.reject(new EnvironmentStopped('The environment has ended; open another one.'))
    const invocation = new Invocation(++this.#sequence, payload, options, {
      aborted: (reason) => this.#end({ rejection: reason }),
      timedOut: () => {
        if (this.#current === invocation && this.#state !== 'ended')
          this.#timedOut(taskTimeout(invocation.requestId, this.options.timeoutMs))
      },
    })
    this.#current = invocation
    this.#log.begin()
    if (this.#state === 'idle') this.#begin(invocation)
    else if (this.#isGone) this.#ended(this.#process.exitCode, this.#process.signalCode)
    return invocation.result.promise
  }

  stop(): Promise<void> {
    const stopped = 'The environment was stopped while its function worked.'
    this.#end({ rejection: new EnvironmentStopped(stopped) })
    return this.closed
  }

  /** The environment, as its link sees it. */
  #host(): Host {
    return {
      spawned: (child) => this.#spawned(child),
      failed: (payload) => this.#failed(payload),
      ready: () => this.#ready(),
      answered: (kind, payload) => {
        if (this.#state === 'busy' && this.#current) this.#finish(this.#current, kind, payload)
      },
      dying: (kind, payload) => this.#end({ kind, payload: () => payload }),
      // Leaves time for an exit status that is about to arrive.
      lost: () => {
        this.#state = 'ended'
        setTimeout(() => this.#kill(), EXIT_MS).unref()
      },
      measured: (memoryKb) => this.#memory.note(memoryKb),
      intruded: (sentence) => this.#intruded(sentence),
    }
  }

  #intruded(sentence: string): void {
    if (this.#state === 'ended') return
    this.#log.add(sentence)
    this.#kill()
  }

  #spawned(child: ChildProcess): void {
    this.#process.attach(child, this.#log, {
      unstartable: (message) =>
        this.#failed(errorPayload('Runtime.ExitError', `The process cannot be started: ${message}`)),
      gone: (code, signal) => this.#ended(code, signal),
    })
    this.#memory.follow(child.pid)
    if (this.#state === 'ended') this.#kill()
  }

  #failed(payload: Buffer): void {
    this.#verdict ??= { kind: 'init', payload: () => payload }
    this.#ended(null, null)
  }

  #ready(): void {
    if (this.#state !== 'starting') return
    clearTimeout(this.#initTimeout)
    this.#initMs = performance.now() - this.#openedAt
    this.#state = 'idle'
    this.#memory.look()
    if (this.#current) this.#begin(this.#current)
    else this.#memory.rest()
  }

  #begin(invocation: Invocation): void {
    this.#state = 'busy'
    const { requestId, sequence, payload } = invocation
    const { clientContext, identity, functionArn } = invocation.options
    const { version, timeoutMs } = this.options
    this.#log.note(`START RequestId: ${requestId} Version: ${version}`)
    invocation.begin(timeoutMs)
    this.#memory.work()
    const deadlineMs = Date.now() + timeoutMs
    this.#link.begin({ sequence, requestId, deadlineMs, clientContext, identity, functionArn, payload })
  }

  /** The function has responded, and its process stays. */
  #finish(invocation: Invocation, kind: FailureKind | undefined, payload: Buffer): void {
    const { durationMs } = invocation
    this.#current = undefined
    invocation.release()
    this.#memory.rest()
    // The lines that it printed before it answered are read in this turn of the event loop.
    setImmediate(() => {
      this.#memory.look()
      // The response counts, but an environment that uses too much memory does not stay.
      if (this.#memory.exceeded) this.#end({ rejection: new EnvironmentStopped(TOO_MUCH_MEMORY) })
      else if (this.#state === 'busy') this.#state = 'idle'
      const measured = this.#measure(invocation, durationMs)
      invocation.result.resolve(
        kind === undefined ? { ok: true, payload, ...measured } : { ok: false, kind, payload, ...measured },
      )
    })
  }

  #measure({ sequence, requestId }: Invocation, durationMs: number): Measured {
    const maxMemoryMb = this.#memory.peakMb
    const initMs = sequence === 1 ? (this.#initMs ?? performance.now() - this.#openedAt) : undefined
    this.#log.note(`END RequestId: ${requestId}`)
    this.#log.note(
      `REPORT RequestId: ${requestId}\tDuration: ${durationMs.toFixed(2)} ms\tBilled Duration: ${Math.ceil(durationMs)} ms\t` +
        `Memory Size: ${this.options.memoryMb} MB\tMax Memory Used: ${maxMemoryMb} MB\t${initMs === undefined ? '' : `Init Duration: ${initMs.toFixed(2)} ms\t`}`,
    )
    return { durationMs, maxMemoryMb, initMs, logTail: this.#log.tail() }
  }

  #timedOut({ line, fault }: Timeout): void {
    this.#log.add(line)
    this.#end(fault)
  }

  /**
   * Kills the process for a reason; the invocation ends when the process is gone. The first reason counts.
   */
  #end(reason: Verdict): void {
    this.#verdict ??= reason
    this.#kill()
  }

  #kill(): void {
    this.#state = 'ended'
    this.#process.kill()
  }

  /** The process is gone, or was never there. */
  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.#state = 'ended'
    this.#isGone = true
    this.#memory.end()
    clearTimeout(this.#initTimeout)
    this.#link.close()
    this.#log.end()
    this.#gone.resolve()
    const invocation = this.#current
    if (!invocation) return
    this.#current = undefined
    invocation.release()
    const verdict = this.#verdict
    if (verdict && 'rejection' in verdict) return invocation.result.reject(verdict.rejection)
    const { durationMs } = invocation
    const { kind, payload } = verdict ?? this.#exitFault(code, signal)
    const body = payload(invocation.requestId)
    if (!verdict || kind === 'memory') this.#log.add(String(JSON.parse(body.toString()).errorMessage))
    const measured = this.#measure(invocation, durationMs)
    invocation.result.resolve({ ok: false, kind, payload: body, ...measured })
  }

  #exitFault(code: number | null, signal: NodeJS.Signals | null): Fault {
    return exitFault(code, signal, { starting: this.#initMs === undefined, logTail: this.#log.tail() })
  }
}
