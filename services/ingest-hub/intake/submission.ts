/**
 * The records of one request on their way to Kafka. Each is checked, encoded and appended, and its outcome is
 * reported.
 */
import { randomUUIDv7 } from 'node:crypto'
import type { Delivery, Producer } from '@weir/kafka'
import { KafkaError, partitionFor } from '@weir/kafka'
import { within } from '@weir/timing'
import { encodeValue, KEY_TOO_LARGE, keys, MAX_AHEAD_MS, values, writeKey } from './encoding.ts'
import type { RecordError, RecordErrorCode } from './errors.ts'
import type { IntakeTopic } from './intake.ts'
import { MAX_ID_LENGTH, type RecordHeaders } from './record-headers.ts'

/**
 * How long a request waits for the brokers. The records may still be stored after that, so they are reported
 * as not known to be stored.
 */
const SETTLE_MS = 10_000
const NOT_APPENDED = -1
const ID = /^[\x21-\x7e]+$/

/** Selects the partition for records of keyless topics: each request goes to the next one. */
let turn = 0

export class Submission {
  readonly errors: RecordError[] = []
  /** The id of each record, by index; '' for a record without a valid id. */
  readonly ids: string[] = []
  readonly #topic: IntakeTopic
  readonly #headers: RecordHeaders
  readonly #delivery: Delivery
  readonly #first: number
  readonly #latest: number
  readonly #keyless: number
  #partitions: Int32Array
  #id: string | undefined
  #count = 0
  #appended = 0
  /**
   * The error that prevented a record from being appended. Later records are not appended either, so that
   * they do not overtake it.
   */
  #halt: KafkaError | undefined

  /** @param first the request index of this submission's first record */
  constructor(topic: IntakeTopic, producer: Producer, headers: RecordHeaders, now: number, first = 0) {
    this.#topic = topic
    this.#headers = headers
    this.#delivery = producer.delivery()
    this.#first = first
    this.#latest = now + MAX_AHEAD_MS
    this.#keyless = topic.key === null ? turn++ % topic.partitions : 0
    this.#partitions = new Int32Array(512)
  }

  /** Records accepted or refused so far. */
  get count(): number {
    return this.#count
  }

  /** Appends the record `{ id?, value }`, or notes why it cannot. */
  add(record: unknown): void {
    if (!isObject(record))
      return this.addUnread('not-an-object', 'A record must be an object with a value and optionally an id.')
    for (const name in record) {
      if (name === 'id' || name === 'value') continue
      this.#begin()
      return this.refuse(
        'unknown-field',
        name.slice(0, 100),
        'A record may have only a value and an id; put the other fields into the value.',
      )
    }
    this.addValue(record.value, record.id)
  }

  /**
   * Appends a record, or notes why it cannot.
   * @param id undefined: the record gets one here
   * @param headers its headers, if they are not those of the request
   */
  addValue(value: unknown, id?: unknown, headers = this.#headers): void {
    const index = this.#begin()
    const known = id === undefined ? this.#newId(index) : id
    if (!isId(known))
      return this.refuse('invalid-id', 'id', `An id must be 1 to ${MAX_ID_LENGTH} visible ASCII characters.`)
    this.ids[index] = known
    if (!isObject(value))
      return this.refuse(
        'invalid-value',
        'value',
        "A value must be an object as the topic's contract describes it.",
      )
    this.#append(index, known, value, headers)
  }

  /** Notes that the last record added, or an entry that could not become a record, is not stored. */
  refuse(code: RecordErrorCode, field: string | undefined, message: string): void {
    const index = this.#count - 1
    const id = this.ids[index]
    this.errors.push({
      index: this.#first + index,
      ...(id && { id }),
      code,
      ...(field !== undefined && { field }),
      message,
      retriable: false,
    })
  }

  /** Counts a record that could not be read, and notes why. */
  addUnread(code: RecordErrorCode, message: string): void {
    this.#begin()
    this.refuse(code, undefined, message)
  }

  /** Counts a record, and returns its index. */
  #begin(): number {
    if (this.#count === this.#partitions.length) this.#grow()
    this.#partitions[this.#count] = NOT_APPENDED
    this.ids.push('')
    return this.#count++
  }

  /** A number after the id of the submission: making a UUID takes longer than encoding most records. */
  #newId(index: number): string {
    this.#id ??= randomUUIDv7()
    return `${this.#id}-${index}`
  }

  /**
   * Resolves when each record is stored or has failed, after 10 s at the latest; `errors` then holds all
   * failures, by index. The result is the Kafka error of one of them, if any failed in Kafka.
   */
  async settled(): Promise<KafkaError | undefined> {
    const error = this.#appended === 0 ? undefined : await this.#delivered()
    if (error) this.errors.sort((a, b) => a.index - b.index)
    return error ?? this.#halt
  }

  async #delivered(): Promise<KafkaError | undefined> {
    const failures = await within(SETTLE_MS, this.#delivery.settled(), () => undefined)
    if (failures === undefined) {
      const error = new KafkaError('timeout', `Storing records of ${this.#topic.name}`)
      this.#noteFailures(() => ({ fromIndex: 0, error }))
      return error
    }
    if (failures.length === 0) return undefined
    const byPartition = new Map(failures.map((failure) => [failure.partition, failure]))
    this.#noteFailures((partition) => byPartition.get(partition))
    return (failures.find((failure) => failure.error.retriable) ?? failures[0]).error
  }

  #append(index: number, id: string, value: Record<string, unknown>, headers: RecordHeaders): void {
    const { name, key, partitions } = this.#topic
    const end = encodeValue(this.#topic, value, this.#latest)
    if (typeof end === 'object') return this.refuse(end.code, end.field, end.message)
    let partition = this.#keyless
    let keyEnd = 0
    if (key !== null) {
      keyEnd = writeKey(String(value[key]))
      if (keyEnd < 0) return this.refuse('too-large', key, KEY_TOO_LARGE)
      partition = partitionFor(keys, 0, keyEnd, partitions)
    }
    if (this.#halt) return this.#note(index, this.#halt)
    const headersEnd = headers.write(id)
    try {
      this.#delivery.append(
        name,
        partition,
        key === null ? null : keys,
        0,
        keyEnd,
        values,
        0,
        end,
        headers.block,
        0,
        headersEnd,
      )
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.#halt = error
      return this.#note(index, error)
    }
    this.#partitions[index] = partition
    this.#appended++
  }

  /**
   * A failure covers a partition's appends from an index on, so the appends are counted again in their order.
   */
  #noteFailures(
    failureOf: (partition: number) => { readonly fromIndex: number; readonly error: KafkaError } | undefined,
  ): void {
    const appends = new Int32Array(this.#topic.partitions)
    for (let index = 0; index < this.#count; index++) {
      const partition = this.#partitions[index]
      if (partition === NOT_APPENDED) continue
      const nth = appends[partition]++
      const failure = failureOf(partition)
      if (failure !== undefined && nth >= failure.fromIndex) this.#note(index, failure.error)
    }
  }

  #note(index: number, { code, retriable }: KafkaError): void {
    const message = retriable
      ? 'It is unknown whether the record was stored; send it again with the same id.'
      : 'The broker refused the record; the log of this service says why.'
    this.errors.push({ index: this.#first + index, id: this.ids[index], code, message, retriable })
  }

  #grow(): void {
    const larger = new Int32Array(this.#partitions.length * 2)
    larger.set(this.#partitions)
    this.#partitions = larger
  }
}

const isId = (id: unknown): id is string =>
  typeof id === 'string' && id.length <= MAX_ID_LENGTH && ID.test(id)

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
