/** A model of one version: its file is checked, tried, and run in a process of its own, which is started again when it ends. */
import { createHash } from 'node:crypto'
import { backoffMs, pause } from '@weir/timing'
import type { FileOfModel } from './card.ts'
import { ModelFault } from './faults.ts'
import { type Feature, middleRow } from './features.ts'
import { ModelProcess } from './model-process.ts'

/** A model that predicts. */
export interface Runner {
  /** Predicts rows, one after the other in memory. Rejects with a ModelFault. */
  run(rows: Float32Array, limitMs: number): Promise<Float32Array>
}

/** A model that is loaded, or connected to. */
export interface LoadedModel extends Runner {
  stop(): void
}

export interface ModelOptions {
  readonly name: string
  readonly file: FileOfModel
  readonly features: readonly Feature[]
  /** Reads the model's file, again whenever its process has ended. */
  readonly read: () => Promise<Buffer>
  readonly log: { warn(fields: object, message: string): void }
}

/** A process that ends for the first time in a while is started again at once; after that there are pauses. */
const WHILE_MS = 60_000
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 10_000
/** The time to predict a single row before the model goes live. */
const TRIAL_MS = 10_000

export class Model implements LoadedModel {
  readonly #options: ModelOptions
  #process: ModelProcess | undefined
  /** Why there is no process. */
  #reason = ''
  #endedAt = -Infinity
  /** The times that the process ended, each within a while of the one before. */
  #ends = 0
  readonly #stopped = new AbortController()

  private constructor(options: ModelOptions, process: ModelProcess) {
    this.#options = options
    this.#use(process)
  }

  /** Rejects with an error whose message is a sentence if the model cannot be served. */
  static async open(options: ModelOptions): Promise<Model> {
    return new Model(options, await started(options))
  }

  /** Predicts rows, one after the other in memory. Rejects with a ModelFault. */
  async run(rows: Float32Array, limitMs: number): Promise<Float32Array> {
    if (this.#process === undefined)
      throw new ModelFault('failed', `The model is being started again. ${this.#reason}`)
    return this.#process.run(rows, limitMs)
  }

  stop(): void {
    this.#stopped.abort()
    this.#process?.stop()
  }

  #use(process: ModelProcess): void {
    this.#process = process
    void process.ended.then((reason) => {
      if (!this.#stopped.signal.aborted) void this.#restart(reason)
    })
  }

  async #restart(reason: string): Promise<void> {
    this.#process = undefined
    this.#reason = reason
    const { log, name } = this.#options
    const { signal } = this.#stopped
    log.warn({ model: name, reason }, "the model's process is started again")
    const now = performance.now()
    this.#ends = now - this.#endedAt < WHILE_MS ? this.#ends + 1 : 0
    this.#endedAt = now
    for (let attempt = this.#ends; !signal.aborted; attempt++) {
      if (attempt > 0) await pause(backoffMs(attempt - 1, FIRST_PAUSE_MS, MAX_PAUSE_MS), signal)
      try {
        const process = await started(this.#options)
        if (signal.aborted) process.stop()
        else this.#use(process)
        return
      } catch (error) {
        this.#reason = (error as Error).message
      }
    }
  }
}

async function started({ file, features, read }: ModelOptions): Promise<ModelProcess> {
  const content = await read()
  const { sha256, bytes, input, output } = file
  if (content.length !== bytes)
    throw new Error(
      `The model's file has ${content.length} bytes, and its card says ${bytes}: the file is not whole.`,
    )
  if (createHash('sha256').update(content).digest('hex') !== sha256)
    throw new Error("The model's file does not have the SHA-256 of its card: it is another file.")
  const opening = { input: input.name, output: output.name, width: input.shape[1] }
  const process = await ModelProcess.start(opening, content)
  try {
    await tryOut(process, features)
    return process
  } catch (error) {
    process.stop()
    throw error
  }
}

/** Predicts the row in the middle of all ranges. Rejects unless the prediction is finite. */
export async function tryOut(model: Runner, features: readonly Feature[]): Promise<void> {
  const [predicted] = await model.run(middleRow(features), TRIAL_MS)
  if (!Number.isFinite(predicted))
    throw new ModelFault(
      'not-finite',
      `The model predicts ${predicted} for the row in the middle of its ranges.`,
    )
}
