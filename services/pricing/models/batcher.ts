/** Gathers the rows of many requests into batches: a model takes little longer for a hundred rows than for one. */
import { performance } from 'node:perf_hooks'
import { ModelFault } from './faults.ts'

export interface BatcherOptions {
  /** The features of a row. */
  readonly width: number
  /** Resolves to a prediction for each row. Batches that overlap are run one after the other. */
  readonly run: (rows: Float32Array) => Promise<Float32Array>
  /** The longest time that a row waits for others to fill its batch. */
  readonly gatherMs: number
  /** The longest time until the batch of a row begins; after it, the row is refused. */
  readonly waitMs: number
  readonly observe?: (batch: BatchFigures) => void
}

export interface BatchFigures {
  readonly rows: number
  /** The requests that have all their predictions since this batch. */
  readonly answered: number
  readonly durationMs: number
}

export const MAX_BATCH_ROWS = 256
/** Batches that were handed over at once: the next one is under way while one is computed. */
const MAX_UNDER_WAY = 2
/** The rows that wait, of all requests. */
export const MAX_WAITING_ROWS = 200_000

interface Request {
  readonly rows: Float32Array
  readonly count: number
  readonly arrivedAt: number
  readonly predictions: Float32Array
  /** The rows that are in a batch already. */
  taken: number
  /** The rows that have their prediction. */
  predicted: number
  readonly done: PromiseWithResolvers<Float32Array>
  isOver: boolean
}

/** Some rows of a request, in a batch. */
interface Part {
  readonly request: Request
  readonly from: number
  readonly count: number
}

export class Batcher {
  readonly #options: BatcherOptions
  readonly #queue: Request[] = []
  #waiting = 0
  #underWay = 0
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined
  #idle: PromiseWithResolvers<void> | undefined

  constructor(options: BatcherOptions) {
    this.#options = options
  }

  /**
   * Resolves to the predictions of the rows. Rejects with a ModelFault.
   * @param rows one after the other
   */
  predict(rows: Float32Array): Promise<Float32Array> {
    const count = rows.length / this.#options.width
    if (this.#waiting + count > MAX_WAITING_ROWS)
      return Promise.reject(new ModelFault('overloaded', `${this.#waiting} rows wait for the model already.`))
    const request: Request = {
      rows,
      count,
      arrivedAt: performance.now(),
      predictions: new Float32Array(count),
      taken: 0,
      predicted: 0,
      done: Promise.withResolvers(),
      isOver: false,
    }
    this.#queue.push(request)
    this.#waiting += count
    this.#schedule()
    return request.done.promise
  }

  /** Resolves when every request is answered. */
  async idle(): Promise<void> {
    if (this.#queue.length === 0 && this.#underWay === 0) return
    this.#idle ??= Promise.withResolvers()
    return this.#idle.promise
  }

  #schedule(): void {
    if (this.#queue.length === 0 || this.#underWay >= MAX_UNDER_WAY) return
    if (this.#waiting >= MAX_BATCH_ROWS) {
      this.#unschedule()
      this.#begin()
      return this.#schedule()
    }
    // A batch that is computed meanwhile is time to gather.
    if (this.#timer !== undefined || this.#underWay > 0) return
    const { gatherMs } = this.#options
    const begin = (): void => {
      this.#timer = undefined
      this.#begin()
    }
    this.#timer = gatherMs === 0 ? setImmediate(begin) : setTimeout(begin, gatherMs)
  }

  #unschedule(): void {
    clearTimeout(this.#timer as NodeJS.Timeout)
    clearImmediate(this.#timer as NodeJS.Immediate)
    this.#timer = undefined
  }

  #begin(): void {
    const parts = this.#take()
    if (parts.length === 0) return this.#rest()
    this.#underWay++
    void this.#run(parts).finally(() => {
      this.#underWay--
      if (this.#underWay === 0 && this.#queue.length > 0) this.#begin()
      this.#schedule()
      this.#rest()
    })
  }

  #rest(): void {
    if (this.#queue.length > 0 || this.#underWay > 0) return
    this.#idle?.resolve()
    this.#idle = undefined
  }

  /** Takes a batch from the queue. A request with more rows than fit goes behind the others with its rest. */
  #take(): Part[] {
    const parts: Part[] = []
    const latest = performance.now() - this.#options.waitMs
    let room = MAX_BATCH_ROWS
    for (let left = this.#queue.length; left > 0 && room > 0; left--) {
      const request = this.#queue.shift()!
      const open = request.count - request.taken
      if (request.isOver || request.arrivedAt < latest) {
        this.#waiting -= open
        over(request, new ModelFault('overloaded', `The rows waited longer than ${this.#options.waitMs} ms.`))
        continue
      }
      const count = Math.min(room, open)
      parts.push({ request, from: request.taken, count })
      request.taken += count
      room -= count
      this.#waiting -= count
      if (count < open) this.#queue.push(request)
    }
    return parts
  }

  async #run(parts: readonly Part[]): Promise<void> {
    const { run, observe } = this.#options
    const began = performance.now()
    try {
      const predictions = await run(this.#gathered(parts))
      let [at, answered] = [0, 0]
      for (const part of parts) {
        if (settle(part, predictions, at)) answered++
        at += part.count
      }
      observe?.({ rows: at, answered, durationMs: performance.now() - began })
    } catch (error) {
      for (const { request } of parts) over(request, error as Error)
    }
  }

  #gathered(parts: readonly Part[]): Float32Array {
    const { width } = this.#options
    const [only] = parts
    if (parts.length === 1 && only.count === only.request.count) return only.request.rows
    const rows = new Float32Array(parts.reduce((sum, { count }) => sum + count, 0) * width)
    let at = 0
    for (const { request, from, count } of parts) {
      const isWhole = count === request.count
      rows.set(isWhole ? request.rows : request.rows.subarray(from * width, (from + count) * width), at)
      at += count * width
    }
    return rows
  }
}

/**
 * Gives a request its predictions, which begin at `at`. A prediction that is not a number is the fault of one request
 * only. Returns whether the request has all its predictions now.
 */
function settle({ request, from, count }: Part, predictions: Float32Array, at: number): boolean {
  for (let i = 0; i < count; i++) {
    const value = predictions[at + i]
    request.predictions[from + i] = value
    if (!Number.isFinite(value) && !request.isOver)
      over(request, new ModelFault('not-finite', `The model predicts ${value} for row ${from + i + 1}.`))
  }
  request.predicted += count
  if (request.isOver || request.predicted < request.count) return false
  request.done.resolve(request.predictions)
  return true
}

function over(request: Request, error: Error): void {
  request.isOver = true
  request.done.reject(error)
}
