/** Keeps a copy of a table in Redis whole. */
import { pause } from '@weir/timing'
import type { WarnLog } from '@weir/topics'
import type { WholeMark } from './whole-mark.ts'

export interface UpkeepOptions {
  /** Called at the beginning of each round: the mark of the copy, and whether to fill it though it is marked. */
  look(): Promise<{ readonly mark: WholeMark; readonly stale: boolean }>
  /** Copies everything. */
  fill(): Promise<void>
  /** Copies the changes since the last round, once the copy is whole. */
  flush?(): Promise<void>
  /** The time between two rounds, and before another one after a failure (ms). */
  readonly everyMs: number
  readonly log: WarnLog
  /** Logged once when rounds begin to fail. */
  readonly trouble: string
}

export class Upkeep {
  readonly #options: UpkeepOptions
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #whole = false
  #wake = new AbortController()

  constructor(options: UpkeepOptions) {
    this.#options = options
  }

  /** Aborts when the upkeep is stopped. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  /** True if the last round has left the copy whole. */
  get whole(): boolean {
    return this.#whole
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Begins the next round at once, unless the last one failed. */
  wake(): void {
    this.#wake.abort()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { everyMs, log, trouble } = this.#options
    for (let isWarned = false; !this.signal.aborted; ) {
      this.#wake = new AbortController()
      try {
        await this.#round()
        this.#whole = true
        isWarned = false
      } catch (error) {
        this.#whole = false
        if (!isWarned && !this.signal.aborted) log.warn({ error: (error as Error).message }, trouble)
        isWarned = true
      }
      const { signal } = this.#stopping
      await pause(everyMs, this.#whole ? AbortSignal.any([signal, this.#wake.signal]) : signal)
    }
  }

  async #round(): Promise<void> {
    const { look, fill, flush } = this.#options
    const { mark, stale } = await look()
    if (stale || !(await mark.set())) {
      this.#whole = false
      await mark.after(fill)
    }
    await flush?.()
  }
}
