/** Slices: records of one shard or partition, on their way to the function. */
import type { Condition, EventRecord } from './delivery.ts'
import type { RecordFilter } from './sources/filters.ts'

/** Names a record in an invocation record. */
export type RecordId = Pick<EventRecord, 'identifier' | 'timestamp'>

/** A record's part of an event. */
export type WrittenRecord = Pick<EventRecord, 'json'>

export interface KeyedRecord extends EventRecord {
  readonly key: Buffer | null
  readonly offset: number
}

/** A record before it becomes JSON text. Filters read this form, which has keys and values as bytes. */
export interface UnwrittenRecord<R> extends Omit<KeyedRecord, 'json'> {
  readonly content: R
}

/** The records of a batch, as an invocation record names them. */
export interface BatchExtent {
  readonly first: RecordId
  readonly last: RecordId
  readonly count: number
  /** Size of the records in the event. */
  readonly payloadBytes: number
}

export function timeOf({ timestamp }: RecordId): string {
  return new Date(timestamp).toISOString()
}

/** The event of streams. @param window the members of a tumbling window's event, JSON that begins with a comma */
export function recordsEvent(records: readonly WrittenRecord[], window = ''): string {
  return `{"Records":[${records.map(({ json }) => json).join()}]${window}}`
}

/** A shard of a stream, or a partition of a topic. */
export interface SourceShard {
  readonly shardId: string
  /** The partition that has its records. */
  readonly partition: number
  readonly eventSourceArn: string
  /** @param window the members of a tumbling window's event, JSON that begins with a comma */
  event(records: readonly WrittenRecord[], window?: string): string
  /** Names, by its offset, a record that cannot be read. */
  recordAt(offset: number): RecordId
  /** The members of an invocation record that name a batch of the shard. */
  batchInfo(extent: BatchExtent): object
}

/** Neighbouring records that never reach the function. */
export interface Lost {
  readonly records: KeyedRecord[]
  readonly condition: Condition
  /** A sentence about the first one. */
  readonly error: string
}

/** The records of one shard in a batch of the broker port, or a part of them. */
export interface ShardSlice {
  readonly shard: SourceShard
  /** Records that the filters match. */
  readonly records: readonly KeyedRecord[]
  readonly lost: readonly Lost[]
  /** Number of records that no filter matches. */
  readonly filtered: number
  /** The offset after the slice. */
  readonly next: number
}

/** A slice ends when its records have more bytes than this in events. */
const MAX_SLICE_BYTES = 16 << 20

/** Gathers the records of a slice. */
export class SliceBuilder<R> {
  readonly #filter: RecordFilter<R> | undefined
  readonly #write: (record: UnwrittenRecord<R>) => KeyedRecord
  readonly #records: KeyedRecord[] = []
  readonly #lost: Lost[] = []
  #filtered = 0
  #bytes = 0

  constructor(filter: RecordFilter<R> | undefined, write: (record: UnwrittenRecord<R>) => KeyedRecord) {
    this.#filter = filter
    this.#write = write
  }

  get full(): boolean {
    return this.#bytes > MAX_SLICE_BYTES
  }

  /** Keeps a record if the filters match it. Returns a promise if filtering gave way to other work. */
  take(record: UnwrittenRecord<R>): Promise<void> | undefined {
    let verdict: boolean | Promise<boolean>
    try {
      verdict = this.#filter === undefined || this.#filter.matches(record.content)
    } catch (error) {
      this.lose(record, 'FILTER_ERROR', error as Error)
      return undefined
    }
    if (typeof verdict !== 'boolean') {
      return verdict.then(
        (matches) => this.#judged(record, matches),
        (error: Error) => this.lose(record, 'FILTER_ERROR', error),
      )
    }
    this.#judged(record, verdict)
    return undefined
  }

  #judged(record: UnwrittenRecord<R>, matches: boolean): void {
    if (!matches) {
      this.#filtered++
      return
    }
    const written = this.#write(record)
    this.#bytes += written.json.length
    this.#records.push(written)
  }

  lose(record: UnwrittenRecord<R>, condition: Condition, { message }: Error): void {
    const written = this.#write(record)
    this.#bytes += written.json.length
    const before = this.#lost.at(-1)
    const follows = before?.condition === condition && before.records.at(-1)!.offset + 1 >= written.offset
    if (follows) before.records.push(written)
    else this.#lost.push({ records: [written], condition, error: message })
  }

  done(shard: SourceShard, next: number): ShardSlice {
    return { shard, records: this.#records, lost: this.#lost, filtered: this.#filtered, next }
  }
}
