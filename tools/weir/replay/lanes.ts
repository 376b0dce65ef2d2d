/**
 * Sends with several requests in flight and keeps the order of every key: each key has one lane, and a lane
 * sends its next batch after the last one was answered.
 */
import { EventEmitter, once } from 'node:events'
import type { Outcome } from '../hub/door.ts'
import { encodeRecord } from '../hub/wire.ts'

export interface LaneOptions {
  readonly lanes: number
  /** The most records per request. */
  readonly batch: number
  /** The most records waiting in all lanes together; `full` is true from then on. */
  readonly capacity: number
  readonly send: (records: readonly string[]) => Promise<Outcome>
  /** Called once for every answered batch, with the lines of its records. */
  readonly settled: (lines: readonly number[], outcome: Outcome) => void
}

/** The most characters of one request's values: well below the hub's 10 MiB. */
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

  /**
   * @param id the record's id
   * @param value its JSON
   * @param line its line, for reports
   */
  add(key: string, id: string, value: string, line: number): void {
    const lane = this.#lanes[hash(key) % this.#lanes.length]
    lane.lines.push(line)
    lane.records.push(encodeRecord(id, value))
    this.#waiting++
    if (!lane.sending && lane.records.length >= this.#options.batch) void this.#run(lane)
  }

  /** True when no more records should be added before room() resolves. */
  get full(): boolean {
    return this.#waiting >= this.#options.capacity || this.#failure !== undefined
  }

  /** Resolves when there is room again; rejects if a send failed for good. */
  async room(): Promise<void> {
    while (this.full) {
      if (this.#failure !== undefined) throw this.#failure
      await once(this.#changed, 'change')
    }
  }

  /** Sends the waiting records, even if they do not fill a batch. */
  flush(): void {
    for (const lane of this.#lanes) if (!lane.sending && lane.records.length > 0) void this.#run(lane, true)
  }

  /** Resolves when everything added was answered; rejects if a send failed for good. */
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

/** Returns the number of records that fit into one request; at least one. */
function batchLength(records: readonly string[], most: number): number {
  let characters = 0
  for (let n = 0; n < records.length && n < most; n++) {
    characters += records[n].length
    if (characters > BATCH_CHARACTERS && n > 0) return n
  }
  return Math.min(records.length, most)
}

/** FNV-1a over UTF-16 units; it only spreads keys over lanes. */
function hash(key: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193)
  return h >>> 0
}
