/**
 * Leaves out records whose id was in their partition before. A client that repeats a request after a lost
 * answer makes a second record with the same id; a consumer that reads through this class sees only the
 * first. It stores nothing besides the input topic: when a partition is taken over, the ids of the last
 * minutes are read back from there.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { HEADERS } from '@weir/contracts/headers.ts'
import { KafkaError } from '../errors.ts'
import type { Kafka, RecordBatch } from '../port.ts'
import { findHeader, located, locateId } from '../records/headers.ts'
import { IdHashes, SeenIds } from './seen-ids.ts'

/** How long a client may take to repeat a request (ms). */
export const ONCE_WINDOW_MS = 15 * 60_000
/**
 * The pause after an answer without the records before the batch: a new leader may not show them yet (ms).
 */
const NOT_YET_MS = 20
/**
 * How long to wait for such records (ms). Rejecting then makes the driver check whether the log has lost
 * records.
 */
const PATIENCE_MS = 10_000
/** The bytes that are read back at once. */
const FETCH_BYTES = 4 << 20
/**
 * The most ids that a member keeps for all its partitions: about 240 MB. If more arrive within the window,
 * the oldest are forgotten early.
 */
const MAX_IDS = 8_000_000
/**
 * How often a position of the log is noted, to know which records are within the window (ms of arrival time).
 */
const MARK_MS = 1000

export interface OnceOptions {
  readonly kafka: Pick<Kafka, 'fetch' | 'offsetAt'>
  readonly windowMs?: number
  readonly log: { warn(details: object, message: string): void }
}

interface Mark {
  readonly time: number
  readonly offset: number
}

interface Partition {
  readonly ids: SeenIds
  /** A value for each record of the last batch: 1 if it is a repetition. */
  repeated: Uint8Array
  /** In the order of the log. */
  readonly marks: Mark[]
  /** When its last batch arrived (ms). */
  usedAt: number
}

const NOTHING = new Uint8Array()

export class Once {
  readonly #kafka: OnceOptions['kafka']
  readonly #windowMs: number
  readonly #log: OnceOptions['log']
  readonly #partitions = new Map<string, Partition>()
  /** Resolves when the last call of `prepare` for a partition has ended. */
  readonly #turns = new Map<string, Promise<void>>()
  #early = false
  readonly #hashes = new IdHashes()
  /** The batch of the last call of `seen`, and which of its records are repetitions. */
  #batch: RecordBatch | undefined
  #repeated: Uint8Array = NOTHING

  constructor({ kafka, windowMs = ONCE_WINDOW_MS, log }: OnceOptions) {
    this.#kafka = kafka
    this.#windowMs = windowMs
    this.#log = log
  }

  /**
   * Resolves when it is known which records of the batch are repetitions. Call it before each batch. Calls
   * for a partition run one after the other: a batch that failed for another reason is handed over again
   * while ids are still being read back for it, and would otherwise find its own ids there.
   */
  prepare(batch: RecordBatch, signal: AbortSignal): Promise<void> {
    if (batch.length === 0) return Promise.resolve()
    const name = nameOf(batch)
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(() => this.#prepare(name, batch, signal))
    this.#turns.set(
      name,
      turn.catch(() => {}),
    )
    return turn
  }

  async #prepare(name: string, batch: RecordBatch, signal: AbortSignal): Promise<void> {
    this.#batch = undefined
    const first = batch.offsets[0]
    const since = arrivalOf(batch) - this.#windowMs
    const known = this.#partitions.get(name)
    const goesOn = known !== undefined && (known.ids.next <= first || known.ids.rewind(first))
    const partition = goesOn
      ? known
      : {
          ids: new SeenIds(Math.min(first, await this.#kafka.offsetAt(batch.topic, batch.partition, since))),
          repeated: NOTHING,
          marks: [],
          usedAt: 0,
        }
    partition.usedAt = Date.now()
    this.#partitions.set(name, partition)
    if (partition.ids.next < first) await this.#readBack(batch, partition, first, signal)
    this.#mark(partition, first, arrivalOf(batch))
    this.#bound()
    partition.repeated = this.#add(partition.ids, batch, batch.length)
  }

  /**
   * Whether an earlier record of the partition had this one's id. The batch must have been prepared. Records
   * without an id are never seen, and those that an operator has sent again on purpose count as new.
   */
  seen(batch: RecordBatch, index: number): boolean {
    if (batch !== this.#batch) {
      this.#batch = batch
      this.#repeated = this.#partitions.get(nameOf(batch))!.repeated
    }
    return this.#repeated[index] === 1
  }

  /** Adds the ids of the batch's first `count` records. Returns 1 for each of these that is a repetition. */
  #add(ids: SeenIds, { bytes, headersStart, offsets }: RecordBatch, count: number): Uint8Array {
    const hashes = this.#hashes
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const repeated = new Uint8Array(count)
    hashes.clear()
    for (let i = 0; i < count; i++)
      if (locateId(bytes, headersStart[i])) hashes.push(view, located.start, located.end, i)
    ids.addBatch(hashes, offsets, repeated)
    for (let i = repeated.indexOf(1); i >= 0; i = repeated.indexOf(1, i + 1))
      if (findHeader(bytes, headersStart[i], HEADERS.redriven) !== undefined) repeated[i] = 0
    return repeated
  }

  /** Adds the ids of the records before `to`. */
  async #readBack(
    { topic, partition: number }: RecordBatch,
    partition: Partition,
    to: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { ids } = partition
    let position = ids.next
    let progressedAt = Date.now()
    while (position < to) {
      signal.throwIfAborted()
      const batch = await this.#kafka
        .fetch(topic, number, position, FETCH_BYTES)
        .catch(async (error: unknown) => {
          if (!(error instanceof KafkaError) || error.code !== 'out-of-range') throw error
          position = await this.#kafka.offsetAt(topic, number, 'earliest')
          return undefined
        })
      if (batch === undefined) continue
      let before = 0
      while (before < batch.length && batch.offsets[before] < to) before++
      this.#add(ids, batch, before)
      if (batch.length > 0) this.#mark(partition, batch.offsets[0], arrivalOf(batch))
      this.#bound()
      if (batch.nextOffset > position) progressedAt = Date.now()
      else if (Date.now() - progressedAt < PATIENCE_MS) await sleep(NOT_YET_MS, undefined, { signal })
      else throw new KafkaError('timeout', `Reading ${topic}/${number} back at ${position}`)
      position = batch.nextOffset
    }
    ids.skipTo(to)
  }

  #mark({ ids, marks }: Partition, offset: number, arrival: number): void {
    const later = marks.findIndex((mark) => mark.offset >= offset)
    if (later >= 0) marks.splice(later)
    // Clocks of successive leaders may differ; the window follows the one that is ahead.
    const time = Math.max(arrival, marks.at(-1)?.time ?? 0)
    if (marks.length === 0 || time - marks.at(-1)!.time >= MARK_MS) marks.push({ time, offset })
    const within = marks.findIndex((mark) => mark.time > time - this.#windowMs)
    marks.splice(0, within - 1)
    if (marks[0].time <= time - this.#windowMs) ids.expire(marks[0].offset)
  }

  /**
   * Forgets partitions without a batch within the window, such as those that other members have now. If there
   * are still too many ids, it also forgets the older half of the largest partition's.
   */
  #bound(): void {
    let total = 0
    let largest: Partition | undefined
    for (const [name, partition] of this.#partitions) {
      if (Date.now() - partition.usedAt > this.#windowMs) this.#partitions.delete(name)
      total += partition.ids.size
      if (largest === undefined || partition.ids.size > largest.ids.size) largest = partition
    }
    if (total <= MAX_IDS || largest === undefined || largest.marks.length < 2) return
    const { ids, marks } = largest
    marks.splice(0, marks.length >> 1)
    ids.expire(marks[0].offset)
    if (!this.#early)
      this.#log.warn(
        { ids: total },
        `more than ${MAX_IDS} records arrived within the deduplication window, so the oldest ids are forgotten early`,
      )
    this.#early = true
  }
}

/**
 * Ms since the epoch. A producer's own time may be anything; one in the future would end the window for all
 * other records.
 */
const arrivalOf = ({ timestamps }: RecordBatch): number => Math.min(timestamps[0], Date.now())

const nameOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string =>
  `${topic}/${partition}`
