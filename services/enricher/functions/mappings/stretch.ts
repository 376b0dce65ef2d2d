/** A stretch: records of one shard or partition, on their way to the function. */
import type { RecordFilter } from '../patterns/filters.ts'
import type { Condition } from './delivery.ts'
import type { FailedBatch, Named } from './destinations.ts'
import type { KeyedRecord, Unwritten } from './events.ts'

/** The shard or partition of a stretch. */
export interface Place {
  readonly origin: FailedBatch['origin']
  readonly shardId: string
  readonly eventSourceArn: string
  /** @param window the members of a tumbling window's event, JSON that begins with a comma */
  event(records: readonly { readonly json: string }[], window?: string): string
  /** Names, by its offset, a record that cannot be read. */
  named(offset: number): Named
}

/** Neighbouring records that never reach the function. */
export interface Lost {
  readonly records: KeyedRecord[]
  readonly condition: Condition
  /** A sentence about the first one. */
  readonly error: string
}

/** The records of one shard in a batch of the broker port, or a part of them. */
export interface Stretch {
  readonly place: Place
  /** Records that the filters match. */
  readonly records: readonly KeyedRecord[]
  readonly lost: readonly Lost[]
  /** Number of records that no filter matches. */
  readonly filtered: number
  /** The offset after the stretch. */
  readonly next: number
}

/** A stretch ends when its records have more bytes than this in events. */
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

  /** Keeps a record if the filters match it. Returns a promise if filtering gave way to other work. */
  take(record: Unwritten<Event>): Promise<void> | undefined {
    let verdict: boolean | Promise<boolean>
    try {
      verdict = this.#filter === undefined || this.#filter.matches(record.event)
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
    const follows = before?.condition === condition && before.records.at(-1)!.offset + 1 >= written.offset
    if (follows) before.records.push(written)
    else this.#lost.push({ records: [written], condition, error: message })
  }

  done(place: Place, next: number): Stretch {
    return { place, records: this.#records, lost: this.#lost, filtered: this.#filtered, next }
  }
}
