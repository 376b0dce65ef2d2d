/**
 * Sending with several requests in flight and the order of every key kept: a key has one lane, and a lane
 * sends its next batch after the last was answered.
 */
import { EventEmitter, once } from 'node:events'
import type { Outcome } from '../hub/door.ts'
import { encodeRecord } from '../hub/wire.ts'

export interface LaneOptions {
  readonly lanes: number
  /** Most records of one request. */
  readonly batch: number
  /** Most records waiting in all lanes together; `full` from then on. */
  readonly capacity: number
  readonly send: (records: readonly string[]) => Promise<Outcome>
  /** Called once for every batch that was answered, with the lines of its records. */
  readonly settled: (lines: readonly number[], outcome: Outcome) => void
}

/** Most characters of one request's values: well below the hub's 10 MiB. */
const BATCH_CHARACTERS = 4 * 1024 * 1024

interface Lane {
  lines: number[]
  records: string[]
  sending: boolean
}

export class Lanes {
  readonly #options: LaneOptions
  readonly #lanes: Lane[]
  readonly #changed = new EventEmitter().setMaxListeners(0)
  #waiting = 0
  #active = 0
  #flushing = false
  #failure: unknown

  constructor(options: LaneOptions) {
    this.#options = options
    this.#lanes = Array.from({ length: options.lanes }, () => ({ lines: [], records: [], sending: false }))
  }

  /** @param id the record's id  @param value its JSON  @param line for reports */
  add(key: string, id: string, value: string, line: number): void {
    const lane = this.#lanes[hash(key) % this.#lanes.length]
    lane.lines.push(line)
    lane.records.push(encodeRecord(id, value))
    this.#waiting++
    if (!lane.sending && lane.records.length >= this.#options.batch) void this.#run(lane)
  }

  /** No more should be added before room() resolves. */
  get full(): boolean {
    return this.#waiting >= this.#options.capacity || this.#failure !== undefined
  }

  /** Resolves when there is room again; rejects when a send failed for good. */
  async room(): Promise<void> {
    while (this.full) {
      if (this.#failure !== undefined) throw this.#failure
      await once(this.#changed, 'change')
    }
  }

  /** Sends what waits, though it fill no batch. */
  flush(): void {
    for (const lane of this.#lanes) if (!lane.sending && lane.records.length > 0) void this.#run(lane, true)
  }

  /** Resolves when everything added was answered; rejects when a send failed for good. */
  async end(): Promise<void> {
    this.#flushing = true
    this.flush()
    while (this.#active > 0) await once(this.#changed, 'change')
    if (this.#failure !== undefined) throw this.#failure
  }

  async #run(lane: Lane, flush = false): Promise<void> {
    lane.sending = true
    this.#active++
    const { batch, send, settled } = this.#options
    try {
      while (
        this.#failure === undefined &&
        (lane.records.length >= batch || ((flush || this.#flushing) && lane.records.length > 0))
      ) {
        const count = batchLength(lane.records, batch)
        const lines = lane.lines.slice(0, count)
        const outcome = await send(lane.records.slice(0, count))
        lane.lines = lane.lines.slice(count)
        lane.records = lane.records.slice(count)
        this.#waiting -= count
        settled(lines, outcome)
        flush = false
        this.#changed.emit('change')
      }
    } catch (error) {
      this.#failure ??= error
    } finally {
      lane.sending = false
      this.#active--
      this.#changed.emit('change')
    }
  }
}

/** How many of the records fit into one request; at least one. */
function batchLength(records: readonly string[], most: number): number {
  let characters = 0
  for (let n = 0; n < records.length && n < most; n++) {
    characters += records[n].length
    if (characters > BATCH_CHARACTERS && n > 0) return n
  }
  return Math.min(records.length, most)
}

/** FNV-1a over UTF-16 units: only spreads keys over lanes. */
function hash(key: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193)
  return h >>> 0
}
