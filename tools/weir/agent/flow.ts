/** One flow of an agent: reads its files, processes their records, and sends them. */
import type { Logger } from '@weir/service'
import { pause } from '@weir/timing'
import { Batch } from './batch.ts'
import type { Checkpoint, Checkpoints } from './checkpoints.ts'
import type { AgentConfig, FlowConfig } from './config.ts'
import { Files, type TailedFile } from './files.ts'
import { Lines, type TakeRecord } from './lines.ts'
import { Sender } from './sender.ts'

const DRAIN_MS = 10_000
/** Says that the flow has been started: files that come from now on are read from their beginning. */
const STARTED: Checkpoint = {
  id: 'started',
  path: '',
  position: 0,
  head: Buffer.alloc(0),
  before: Buffer.alloc(0),
}
/** How often files that are there are noted, so that their checkpoints are not forgotten (ms). */
const SEE_MS = 3_600_000
/** Looking at files takes at most this part of the time. */
const LOOKING = 0.1

export interface FlowOptions {
  readonly config: Pick<AgentConfig, 'urls' | 'region' | 'credentials'>
  readonly flow: FlowConfig
  readonly checkpoints: Checkpoints
  readonly log: Logger
}

export class Flow {
  readonly counts = { records: 0, bytes: 0, requests: 0, dropped: 0, refused: 0 }
  readonly #flow: FlowConfig
  readonly #log: Logger
  /** The key of its checkpoints. */
  readonly #name: string
  readonly #checkpoints: Checkpoints
  readonly #files: Files
  readonly #lines: Lines
  readonly #sender: Sender
  /** Records that are put together. */
  #aggregate: Buffer[] = []
  #aggregateBytes = 0
  #batch: Batch
  /** Batches that have been sent, to be used again. */
  readonly #spares: Batch[] = []
  /** When the oldest record came that is not sent, ms on the monotonic clock. */
  #since = 0
  /** Files whose positions have moved, and the checkpoints that hold once the batch is stored. */
  readonly #moved = new Set<TailedFile>()
  readonly #covered = new Map<string, Checkpoint>()
  #sending: Promise<void> = Promise.resolve()
  readonly #giveUp = new AbortController()

  constructor({ config, flow, checkpoints, log }: FlowOptions) {
    this.#flow = flow
    this.#log = log
    const files = flow.files.map(({ folder, names }) => `${folder}/${names}`)
    this.#name = `${flow.api} ${flow.stream} ${files.join(' ')}`
    this.#checkpoints = checkpoints
    this.#files = new Files({ ...flow, checkpoints: checkpoints.of(this.#name), log })
    this.#lines = new Lines(flow, this.#files)
    this.#sender = new Sender({
      config,
      flow,
      log,
      refused: (records) => {
        this.counts.refused += records
      },
    })
    this.#batch = new Batch(flow)
  }

  /** The bytes of all files that are in no record yet. */
  get behindBytes(): number {
    let bytes = 0
    for (const { size, position, copyOf } of this.#files.all)
      if (copyOf === undefined) bytes += Math.max(0, size - position)
    return bytes
  }

  /** Runs until the signal aborts. Then it sends the records that it has read, for ten seconds at most. */
  async run(stopping: AbortSignal): Promise<void> {
    await this.#files.look()
    const { at: flow, stream } = this.#flow
    this.#log.info({ flow, stream, files: [...this.#files.all].length }, 'started')
    this.#checkpoints.save(this.#name, [STARTED, ...[...this.#files.all].map((file) => file.checkpoint())])
    let seenAt = performance.now()
    while (!stopping.aborted) {
      const from = performance.now()
      const files = await this.#files.look()
      const lookedMs = performance.now() - from
      if (from - seenAt >= SEE_MS) {
        seenAt = from
        this.#checkpoints.see(this.#name, [STARTED.id, ...[...this.#files.all].map(({ id }) => id)])
      }
      for (const file of files) {
        if (stopping.aborted) break
        const { position } = file
        await this.#lines.read(file, this.#record)
        if (file.position !== position) this.#moved.add(file)
      }
      if (this.#isOld()) await this.#send()
      else if (this.#isEmpty()) this.#saveMoved()
      await pause(Math.max(this.#flow.pollMs, lookedMs / LOOKING), stopping)
    }
    const timer = setTimeout(() => this.#giveUp.abort(), DRAIN_MS)
    try {
      await this.#send()
      await this.#sending
    } catch (error) {
      if (!this.#giveUp.signal.aborted) throw error
    } finally {
      clearTimeout(timer)
      this.#sender.stop()
      await this.#files.close()
    }
  }

  /** Saves the positions of files whose lines made no records. */
  #saveMoved(): void {
    this.#cover()
    if (this.#covered.size > 0) this.#checkpoints.save(this.#name, [...this.#covered.values()])
    this.#covered.clear()
  }

  #isEmpty(): boolean {
    return this.#batch.count + this.#aggregateBytes === 0
  }

  #isOld(): boolean {
    return !this.#isEmpty() && performance.now() - this.#since >= this.#flow.maxAgeMs
  }

  /** Takes a record. Returns a promise only if the next one must wait. */
  readonly #record: TakeRecord = (file, from, start, end, isCut) => {
    const { processors, truncatedEnd, aggregatedBytes } = this.#flow
    let [data, first, last] = [from, start, end]
    if (isCut) data = Buffer.concat([from.subarray(start, end), truncatedEnd])
    if (processors.length > 0) {
      let text: string | undefined = isCut ? data.toString() : data.toString('utf8', start, end)
      for (const process of processors) if (text !== undefined) text = process(text)
      if (text === undefined) {
        this.counts.dropped++
        return undefined
      }
      data = Buffer.from(text)
    }
    if (data !== from) [first, last] = [0, data.length]
    if (this.#isEmpty()) this.#since = performance.now()
    if (aggregatedBytes === 0) {
      if (this.#batch.hasRoomFor(last - first)) return void this.#batch.add(data, first, last)
      this.#cover(file)
      return this.#sendBatch().then(() => {
        this.#since = performance.now()
        this.#batch.add(data, first, last)
      })
    }
    const isFull = this.#aggregateBytes + last - first > aggregatedBytes && this.#aggregateBytes > 0
    const work = isFull ? this.#putAggregate(file) : undefined
    this.#aggregate.push(Buffer.from(data.subarray(first, last)))
    this.#aggregateBytes += last - first
    return work
  }

  /** Puts the aggregate into the batch. Returns a promise if the batch before it must be sent. */
  #putAggregate(file?: TailedFile): Promise<void> | undefined {
    const data = Buffer.concat(this.#aggregate)
    this.#aggregate = []
    this.#aggregateBytes = 0
    const work = this.#batch.hasRoomFor(data.length) ? undefined : this.#sendBatch()
    this.#batch.add(data, 0, data.length)
    this.#cover(file)
    return work
  }

  /** Notes the positions of all files: the records before them are in the batch. */
  #cover(file?: TailedFile): void {
    if (file !== undefined) {
      this.#lines.move(file)
      this.#moved.add(file)
    }
    for (const moved of this.#moved) this.#covered.set(moved.id, moved.checkpoint())
    this.#moved.clear()
  }

  async #send(): Promise<void> {
    if (this.#aggregateBytes > 0) await this.#putAggregate()
    else this.#cover()
    await this.#sendBatch()
  }

  /** Resolves when the batch is being sent; one batch is at a time, so that records stay in order. */
  async #sendBatch(): Promise<void> {
    if (this.#batch.count === 0) return
    const batch = this.#batch
    const covered = [...this.#covered.values()]
    this.#covered.clear()
    this.#batch = this.#spares.pop() ?? new Batch(this.#flow)
    await this.#sending
    const { count, bytes } = batch
    const { refused } = this.counts
    this.#sending = this.#sender.send(batch, this.#giveUp.signal).then(() => {
      this.counts.records += count - (this.counts.refused - refused)
      this.counts.bytes += bytes
      this.counts.requests++
      batch.clear()
      this.#spares.push(batch)
      this.#checkpoints.save(this.#name, covered)
    })
    this.#sending.catch(() => {})
  }
}
