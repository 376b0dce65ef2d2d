/** One life of the process that runs a model. It is killed if a run takes too long, and never used again then. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { ModelFault } from './faults.ts'
import {
  bytesOf,
  DONE,
  type Frame,
  FrameReader,
  floatsOf,
  frame,
  MODEL,
  OPEN,
  type Opening,
  ROWS,
} from './frames.ts'

const RUNNER = join(import.meta.dirname, 'runner.ts')
/** The time to start, read the model and optimize it. */
const LOAD_MS = 60_000
/** Predictions of a batch, or a sentence. */
const MAX_ANSWER_BYTES = 1 << 20
const MAX_ERROR_TEXT = 2000

interface Pending {
  readonly limitMs: number
  readonly answered: PromiseWithResolvers<Buffer>
}

export class ModelProcess {
  /** Resolves to the reason when the process has ended, or is about to. */
  readonly ended: Promise<string>
  readonly #child: ChildProcess
  readonly #link: Socket
  /** Frames that are not answered, in the order in which they were sent. */
  readonly #pending: Pending[] = []
  #timer: NodeJS.Timeout | undefined
  #end: (fault: ModelFault) => void
  #errors = ''

  private constructor() {
    // It gets no variables: the service's are secrets.
    this.#child = spawn(process.execPath, [RUNNER], { env: {}, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
    this.#link = this.#child.stdio[3] as Socket
    const { promise, resolve } = Promise.withResolvers<string>()
    this.ended = promise
    this.#end = (fault) => {
      this.#end = () => {}
      clearTimeout(this.#timer)
      this.#child.kill('SIGKILL')
      this.#link.destroy()
      const [first, ...others] = this.#pending.splice(0)
      first?.answered.reject(fault)
      // These did nothing wrong, and were not begun.
      for (const { answered } of others)
        answered.reject(
          new ModelFault('overloaded', `A run before this one ended the model: ${fault.message}`),
        )
      resolve(fault.message)
    }
    this.#child.once('error', ({ message }) => this.#fail(`could not be started: ${message}`))
    this.#child.once('exit', (code, signal) => this.#fail(`ended with ${signal ?? code}${this.#said()}`))
    this.#child.stderr!.on('data', (chunk) => {
      this.#errors = `${this.#errors}${chunk}`.slice(-MAX_ERROR_TEXT)
    })
    this.#link.on('error', () => {})
    const frames = new FrameReader(MAX_ANSWER_BYTES)
    this.#link.on('data', (chunk) => {
      try {
        for (const one of frames.push(chunk)) this.#take(one)
      } catch (error) {
        this.#fail(`answered something else: ${(error as Error).message}`)
      }
    })
  }

  /** Resolves when the model is loaded. Rejects with a ModelFault. */
  static async start(opening: Opening, file: Buffer): Promise<ModelProcess> {
    const made = new ModelProcess()
    made.#link.write(frame(OPEN, Buffer.from(JSON.stringify(opening))))
    await made.#ask(MODEL, file, LOAD_MS).catch((error) => {
      made.stop()
      throw error
    })
    return made
  }

  /**
   * Runs the model once, after the runs before it. Rejects with a ModelFault.
   * @param limitMs the time of the run itself
   */
  async run(rows: Float32Array, limitMs: number): Promise<Float32Array> {
    return floatsOf(await this.#ask(ROWS, bytesOf(rows), limitMs))
  }

  stop(): void {
    this.#end(new ModelFault('failed', 'The model was stopped.'))
  }

  #fail(what: string): void {
    this.#end(new ModelFault('failed', `The model's process ${what}.`))
  }

  #said(): string {
    const line = this.#errors.trim().split('\n').at(-1) ?? ''
    return line === '' ? '' : `: ${line.slice(0, 200)}`
  }

  #ask(kind: number, payload: Uint8Array, limitMs: number): Promise<Buffer> {
    const answered = Promise.withResolvers<Buffer>()
    if (this.#link.destroyed) {
      answered.reject(new ModelFault('failed', "The model's process has ended."))
      return answered.promise
    }
    this.#pending.push({ limitMs, answered })
    if (this.#pending.length === 1) this.#watch()
    this.#link.write(frame(kind, payload))
    return answered.promise
  }

  #take({ kind, payload }: Frame): void {
    const pending = this.#pending.shift()
    if (pending === undefined) return this.#fail('answered without a question')
    this.#watch()
    if (kind === DONE) pending.answered.resolve(payload)
    else pending.answered.reject(new ModelFault('failed', `The model failed: ${payload.toString()}`))
  }

  /** The time of a run begins when the run before it has ended. */
  #watch(): void {
    clearTimeout(this.#timer)
    const [first] = this.#pending
    if (first === undefined) return
    this.#timer = setTimeout(
      () => this.#end(new ModelFault('slow', `The model took longer than its limit of ${first.limitMs} ms.`)),
      first.limitMs,
    )
  }
}
