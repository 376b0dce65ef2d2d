/**
 * The items of a partition, of all tables. A request changes its item, writes the change to the change stream and answers
 * the replica that waits, in the transaction that moves the offset of the request.
 */
import type { Writer } from '@weir/codec'
import type { TableAnswer, TableChange, TableEntry, TableRequest, TableView } from '@weir/contracts'
import {
  attributeOf,
  encodeKey,
  type Item,
  ItemError,
  type Key,
  keyItem,
  keyOfItem,
  readItem,
  sizeOf,
  toJson,
} from '@weir/items'
import { type Appender, appendRecord, encodeValue, type RecordBatch } from '@weir/kafka'
import type { Keyed, KeyedState, KeyedWork } from '@weir/state'
import type { TopicRecords } from '@weir/topics'
import { AnswerBook, isReplicaId } from './answers.ts'
import type { Definitions } from './definitions.ts'
import { labelOf, schemaOf, type Table } from './entries.ts'
import { carryOut, type Outcome, type StoredItem, type WriteRequest } from './operations.ts'
import type { Reading } from './reading.ts'
import type { Rows } from './rows.ts'
import { tableIdOf } from './view.ts'

export const REQUESTS = 'weir.tables.requests'
export const ITEMS = 'weir.tables.items'
export const CHANGES = 'weir.tables.changes'

export interface TableTaskOptions {
  readonly partition: number
  readonly requests: TopicRecords<TableRequest>
  readonly changes: Writer<TableChange>
  readonly definitions: Pick<Definitions, 'byId' | 'catchUp'>
  /** The items of all partitions, as this replica knows them. */
  readonly reading: Pick<Reading, 'tables' | 'keys'>
  /** Of the tables that have rows, by the table's name. */
  readonly rows: ReadonlyMap<string, Rows>
}

type Items = KeyedState<TableEntry>

interface Change {
  readonly keyed: Keyed<TableEntry>
  readonly table: Table
  readonly before: StoredItem | undefined
  readonly after: StoredItem | undefined
  /** The item's record in the topic of the table's rows. */
  readonly row?: Buffer
  /** Ms since the epoch. */
  readonly at: number
  readonly expired?: boolean
}

/** Items that one turn deletes. Their changes must fit into a transaction; others wait for the next turn. */
const MAX_DUE = 500
const HAS_OLD = new Set<TableView>(['OLD_IMAGE', 'NEW_AND_OLD_IMAGES'])
const HAS_NEW = new Set<TableView>(['NEW_IMAGE', 'NEW_AND_OLD_IMAGES'])
/** How often items of deleted tables are looked for (ms). */
const SWEEP_MS = 60_000
/** Items of a table that one sweep looks at. */
const MAX_SWEPT = 10_000

export class TableTask implements KeyedWork<TableEntry> {
  readonly #options: TableTaskOptions
  readonly #answers = new AnswerBook()
  #sweepAt = Date.now() + SWEEP_MS
  /** The tables without a definition at the last sweep. */
  #gone: ReadonlySet<string> = new Set()

  constructor(options: TableTaskOptions) {
    this.#options = options
  }

  begin(): void {
    this.#answers.clear()
    this.#gone = new Set()
  }

  async process(batch: RecordBatch, items: Items, out: Appender): Promise<void> {
    const { requests, definitions } = this.#options
    await requests.prepare(batch)
    const read: { readonly index: number; readonly value: TableRequest }[] = []
    requests.each(batch, ({ index, value }) => {
      if (value !== null) read.push({ index, value })
    })
    // A table may have been created by another replica just before.
    if (read.some(({ value }) => !definitions.byId.has(value.table))) await definitions.catchUp()
    // Whatever fails from here on fails the turn: an item must not change without its change in the stream.
    for (const { index, value } of read) this.#request(batch, index, value, items, out)
    this.#answers.write(items, Date.now())
  }

  async tick(now: number, items: Items, out: Appender): Promise<void> {
    for (let taken = 0; taken < MAX_DUE; taken++) {
      const keyed = items.take('clock', now)
      if (keyed === undefined) break
      this.#expire(keyed, now, items, out)
    }
    if (now < this.#sweepAt) return
    this.#sweepAt = now + SWEEP_MS
    await this.#sweep(items)
  }

  /**
   * Removes items of tables that are gone, and were gone at the sweep before: this replica may know an item some
   * moments before it knows its table.
   */
  async #sweep(items: Items): Promise<void> {
    const { definitions, reading } = this.#options
    await definitions.catchUp()
    const gone = reading.tables().filter((id) => !definitions.byId.has(id))
    // A partition has nothing to erase under the keys of others.
    for (const id of gone.filter((one) => this.#gone.has(one)))
      for (const key of reading.keys(id, MAX_SWEPT)) items.erase(key)
    this.#gone = new Set(gone)
  }

  #request(batch: RecordBatch, index: number, request: TableRequest, items: Items, out: Appender): void {
    const answer = (rest: Omit<TableAnswer, 'id'>): void => {
      if (isReplicaId(request.replyTo)) this.#answers.add(request.replyTo, { id: request.id, ...rest })
    }
    const table = this.#options.definitions.byId.get(request.table)
    if (table === undefined) return answer(NO_TABLE)
    if (!isWrite(request)) return answer(DONE)
    const { bytes, keyStart, keyEnd } = batch
    let keyed: Keyed<TableEntry>
    let before: StoredItem | undefined
    let outcome: Outcome
    let row: Buffer | undefined
    try {
      keyed = items.at(bytes, keyStart[index], keyEnd[index])
      before = storedIn(keyed.value)
      outcome = carryOut(request, before)
      checkKey(table, keyed, outcome)
      if (outcome.after !== undefined) row = this.#options.rows.get(table.name)?.encode(outcome.after.item)
    } catch (error) {
      return answer(failed(error as Error & { code?: string }))
    }
    answer(outcome.answer)
    const { after } = outcome
    if (after === before) return
    this.#take({ keyed, table, before, after, at: request.at, ...(row && { row }) }, items, out)
  }

  #expire(keyed: Keyed<TableEntry>, now: number, items: Items, out: Appender): void {
    if (keyed.value?.item == null) return this.#answers.forget(keyed, items)
    const table = this.#tableOf(keyed)
    const before = storedIn(keyed.value)
    if (table !== undefined)
      this.#take({ keyed, table, before, after: undefined, at: now, expired: true }, items, out)
  }

  #take(change: Change, items: Items, out: Appender): void {
    const { keyed, table, before, after, row = null, at, expired = false } = change
    const oldImage = keyed.value?.item?.json ?? null
    const newImage = after === undefined ? null : JSON.stringify(toJson(after.item))
    keyed.value = after === undefined ? undefined : entryOf(after, newImage!, expiryOf(table, after.item), at)
    items.put(keyed)
    const { stream } = table
    const schema = schemaOf(table)
    const key = keyOfItem(schema, (after ?? before)!.item)
    this.#options.rows.get(table.name)?.append(out, rowKeyOf(key), row)
    if (stream === null) return
    const keys = keyItem(schema, key)
    const value = encodeValue(this.#options.changes, {
      table: table.name,
      stream: labelOf(stream),
      view: stream.view,
      event: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
      keys: JSON.stringify(toJson(keys)),
      oldImage: HAS_OLD.has(stream.view) ? oldImage : null,
      newImage: HAS_NEW.has(stream.view) ? newImage : null,
      version: after?.version ?? before!.version + 1,
      bytes: sizeOf(keys) + (before ? sizeOf(before.item) : 0) + (after ? sizeOf(after.item) : 0),
      expired,
      at,
    })
    appendRecord(out, { topic: CHANGES, partition: this.#options.partition, key: keyed.key, value })
  }

  #tableOf({ key }: Keyed<TableEntry>): Table | undefined {
    return this.#options.definitions.byId.get(tableIdOf(key))
  }
}

const DONE: Omit<TableAnswer, 'id'> = { code: null, message: '', item: null, revision: '' }
const NO_TABLE: Omit<TableAnswer, 'id'> = {
  code: 'ResourceNotFoundException',
  message: 'Requested resource not found',
  item: null,
  revision: '',
}

function failed(error: Error & { code?: string }): Omit<TableAnswer, 'id'> {
  const { code, message } = error
  if (error instanceof ItemError) return { code: error.code, message, item: null, revision: '' }
  // Errors with a code say that this key cannot have a state.
  const isLimit = code === 'too-many-keys' || code === 'key-too-long'
  return {
    code: isLimit ? 'LimitExceededException' : 'InternalServerError',
    message: isLimit ? message : 'The item, or the request, cannot be read.',
    item: null,
    revision: '',
  }
}

/** Throws for an item under the key of another one: on a broker without logins anybody can write such a request. */
function checkKey(table: Table, { key }: Keyed<TableEntry>, { after }: Outcome): void {
  if (after !== undefined && !key.equals(encodeKey(table.id, keyOfItem(schemaOf(table), after.item))))
    throw new Error('The request has the key of another item.')
}

/** Tables with rows have a string as key. */
function rowKeyOf({ partition }: Key): string {
  return 'S' in partition ? partition.S : ''
}

const isWrite = (request: TableRequest): request is WriteRequest => request.operation !== 'barrier'

const entryOf = (
  { version, createdAt }: StoredItem,
  json: string,
  expiresAt: number | null,
  at: number,
): TableEntry => ({ item: { json, version, createdAt, changedAt: at, expiresAt }, answers: [], at })

function storedIn(entry: TableEntry | undefined): StoredItem | undefined {
  if (entry?.item == null) return undefined
  const { json, version, createdAt } = entry.item
  return { item: readItem(JSON.parse(json)), version, createdAt }
}

/** DynamoDB does not delete items whose time was more than five years ago (developer guide, "Time to Live"). */
const MAX_OVERDUE_S = 5 * 365.25 * 86_400
/** Larger numbers are not times in seconds. */
const MAX_TIME_S = 8.64e12

function expiryOf({ expiry }: Table, item: Item): number | null {
  const value = expiry === null ? undefined : attributeOf(item, expiry)
  if (value === undefined || !('N' in value)) return null
  const seconds = Number(value.N)
  if (!(seconds > Date.now() / 1000 - MAX_OVERDUE_S) || seconds > MAX_TIME_S) return null
  return Math.ceil(seconds * 1000)
}
