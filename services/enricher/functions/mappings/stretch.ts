/** What was read of one shard or partition, on its way to the function. */
import type { RecordFilter } from '../patterns/filters.ts'
import type { Condition } from './delivery.ts'
import type { FailedBatch, Named } from './destinations.ts'
import type { KeyedRecord, Unwritten } from './events.ts'

/** Where records come from, and how an event of them looks. */
export interface Place {
  readonly origin: FailedBatch['origin']
  readonly shardId: string
  readonly eventSourceArn: string
  /** @param window the members of a tumbling window's event, JSON that begins with a comma */
  event(records: readonly { readonly json: string }[], window?: string): string
  /** A record by its offset alone, for one that cannot be read. */
  named(offset: number): Named
}

/** Records that never reach the function, next to each other in the shard. */
export interface Lost {
  readonly records: KeyedRecord[]
  readonly condition: Condition
  /** What is wrong with the first one. */
  readonly error: string
}

/** What a batch of the broker port holds of one shard, or a part of that. */
export interface Stretch {
  readonly place: Place
  /** That the mapping's filters match. */
  readonly records: readonly KeyedRecord[]
  readonly lost: readonly Lost[]
  /** How many records no filter matches. */
  readonly filtered: number
  /** The offset after it. */
  readonly next: number
}

/** What is read at once is cut where its events have more bytes. */
const MAX_STRETCH_BYTES = 16 << 20

/** Gathers the records of a stretch. */
export class Draft<Event> {
  readonly #filter: RecordFilter<Event> | undefined
  readonly #write: (record: Unwritten<Event>) => KeyedRecord
  readonly #records: KeyedRecord[] = []
  readonly #lost: Lost[] = []
  #filtered = 0
  #bytes = 0

  constructor(filter: RecordFilter<Event> | undefined, write: (record: Unwritten<Event>) => KeyedRecord) {
    this.#filter = filter
    this.#write = write
  }

  get full(): boolean {
    return this.#bytes > MAX_STRETCH_BYTES
  }

  /** Takes a record that the filters match. A promise where that takes a while. */
  take(record: Unwritten<Event>): Promise<void> | undefined {
    let verdict: boolean | Promise<boolean>
    try {
      verdict = this.#filter === undefined || this.#filter.matches(record.event)
    } catch (error) {
      this.lose(record, 'FILTER_ERROR', error as Error)
      return undefined
    }
    if (typeof verdict !== 'boolean') {
      return verdict.then((matches) => this.#judged(record, matches), (error: Error) => this.lose(record, 'FILTER_ERROR', error))
    }
    this.#judged(record, verdict)
    return undefined
  }

  #judged(record: Unwritten<Event>, matches: boolean): void {
    if (!matches) {
      this.#filtered++
      return
    }
    const written = this.#write(record)
    this.#bytes += written.json.length
    this.#records.push(written)
  }

  lose(record: Unwritten<Event>, condition: Condition, { message }: Error): void {
    const written = this.#write(record)
    this.#bytes += written.json.length
    const before = this.#lost.at(-1)
    if (before?.condition === condition && before.records.at(-1)!.offset + 1 >= written.offset) before.records.push(written)
    else this.#lost.push({ records: [written], condition, error: message })
  }

  done(place: Place, next: number): Stretch {
    return { place, records: this.#records, lost: this.#lost, filtered: this.#filtered, next }
  }
}
