/** Writes the records that a function returns to the topic that its mapping names. */
import { Buffer } from 'node:buffer'
import { decodeBase64 } from '@weir/aws'
import type { Codec, Writer } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import { type Appender, appendRecord, encodeHeaders, type Kafka, NO_HEADERS, partitionFor } from '@weir/kafka'
import { maxRecordBytes } from '@weir/kafka/records/format.ts'
import { topics } from '@weir/solutions'
import { type TopicSettings, topicSettings } from './topic-settings.ts'

/**
 * `{ "records": [ { "key"?, "value", "encoding"?, "headers"? } ] }` is the response of a function. A text is
 * written as it is, or decoded if its encoding is base64; anything else is written as JSON or by the topic's
 * contract.
 */
interface ReturnedRecord {
  readonly key?: string
  readonly value: unknown
  readonly encoding?: 'base64'
  readonly headers?: Readonly<Record<string, string>>
}

/** A record that the topic accepts. */
interface OutputRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Buffer
}

/** The records of one response. */
export interface OutputRecords {
  readonly records: readonly OutputRecord[]
  /** Their size in a transaction. */
  readonly bytes: number
}

export interface Output {
  /** Rereads the topic's configuration once a minute; never rejects. Returns undefined in between. */
  prepare(): Promise<void> | undefined
  /** Throws a one-sentence error if the response is not a list of records that the topic accepts. */
  encode(response: unknown): OutputRecords
  append(out: Appender, records: OutputRecords): void
}

/** Bytes that a transaction counts for a record besides its key, value and headers, and a few more. */
const OVERHEAD_BYTES = 32
/** A transaction writes record batches of up to 1,000,000 bytes. */
const MIN_BATCH_BYTES = 1 << 20
const SETTINGS_MS = 60_000

/** Rejects with unknown-topic if the topic does not exist. */
export async function openOutput(topic: string, kafka: Kafka, codec: Codec): Promise<Output> {
  const contract = Object.hasOwn(topics, topic) ? (topic as TopicName) : undefined
  const [partitions, writer, first] = await Promise.all([
    kafka.partitions(topic),
    contract && codec.writer(contract),
    topicSettings(topic, kafka),
  ])
  if (first.maxBatchBytes < MIN_BATCH_BYTES) {
    throw new Error(
      `The output ${topic} has max.message.bytes ${first.maxBatchBytes}; raise it to ${MIN_BATCH_BYTES} or more.`,
    )
  }
  const encoder = new Encoder(topic, writer, contract === undefined ? null : topics[contract].key, first)
  let readAt = Date.now()
  let turn = 0
  return {
    prepare() {
      if (Date.now() - readAt < SETTINGS_MS) return undefined
      readAt = Date.now()
      return topicSettings(topic, kafka).then(
        (settings) => {
          encoder.settings = settings
        },
        () => {},
      )
    },
    encode: (response) => encoder.encode(response),
    append(out, { records }) {
      for (const { key, value, headers } of records) {
        const partition = key === null ? turn++ % partitions : partitionFor(key, 0, key.length, partitions)
        appendRecord(out, { topic, partition, key, value, headers })
      }
    },
  }
}

class Encoder {
  settings: TopicSettings
  readonly #topic: string
  readonly #writer: Writer | undefined
  readonly #keyField: string | null
  #scratch = Buffer.allocUnsafe(16 << 10)

  constructor(topic: string, writer: Writer | undefined, keyField: string | null, settings: TopicSettings) {
    this.#topic = topic
    this.#writer = writer
    this.#keyField = keyField
    this.settings = settings
  }

  encode(response: unknown): OutputRecords {
    const returned = returnedRecords(response)
    const maxBytes = maxRecordBytes(this.settings.maxBatchBytes)
    let sum = 0
    const records = returned.map((record) => {
      const value = this.#valueOf(record, maxBytes)
      const key = this.#keyOf(record)
      const headers = record.headers === undefined ? NO_HEADERS : encodeHeaders(record.headers)
      const bytes = (key?.length ?? 0) + (value?.length ?? 0) + headers.length
      if (bytes > maxBytes) {
        throw new Error(
          `The function returned a record of ${bytes} bytes with its key and headers; ${this.#topic} takes ${maxBytes}.`,
        )
      }
      sum += bytes + OVERHEAD_BYTES
      return { key, value, headers }
    })
    return { records, bytes: sum }
  }

  #valueOf({ value, encoding }: ReturnedRecord, maxBytes: number): Buffer | null {
    if (this.#writer !== undefined && encoding !== undefined) {
      throw new Error(
        `The function returned a record with an encoding; the contract of ${this.#topic} says how values are written.`,
      )
    }
    if (value === null) return null
    if (this.#writer !== undefined) return this.#byContract(value, this.#writer, 4 * maxBytes)
    if (encoding !== undefined) return Buffer.from(value as string, encoding)
    return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  }

  /**
   * @param maxScratch fits any value that the topic accepts; the writer asks for three bytes even if a
   * character takes one
   */
  #byContract(value: unknown, writer: Writer, maxScratch: number): Buffer {
    for (;;) {
      const end = writer.encode(value, this.#scratch, 0)
      if (end >= 0) return Buffer.from(this.#scratch.subarray(0, end))
      if (this.#scratch.length >= maxScratch) {
        throw new Error(`The function returned a value that is too large for ${this.#topic}.`)
      }
      this.#scratch = Buffer.allocUnsafe(2 * this.#scratch.length)
    }
  }

  #keyOf({ key, value }: ReturnedRecord): Buffer | null {
    if (key !== undefined) return Buffer.from(key)
    if (this.#keyField !== null && value !== null) {
      return Buffer.from(String((value as Readonly<Record<string, unknown>>)[this.#keyField]))
    }
    if (this.settings.compacted || this.#keyField !== null) {
      throw new Error(
        `The function returned a record without a key; the records of ${this.#topic} must have one.`,
      )
    }
    return null
  }
}

function returnedRecords(response: unknown): readonly ReturnedRecord[] {
  const records = (response as { records?: unknown } | null | undefined)?.records
  if (records === undefined || records === null) return []
  if (!Array.isArray(records)) throw new Error('The function returned "records" that are no list.')
  for (const record of records as readonly unknown[]) {
    if (typeof record !== 'object' || record === null || !Object.hasOwn(record, 'value')) {
      throw new Error('The function returned a record without a value.')
    }
    const { key, value, encoding, headers } = record as {
      key?: unknown
      value: unknown
      encoding?: unknown
      headers?: unknown
    }
    if (key !== undefined && typeof key !== 'string')
      throw new Error('The function returned a record whose key is no text.')
    if (
      encoding !== undefined &&
      (encoding !== 'base64' || typeof value !== 'string' || decodeBase64(value) === undefined)
    ) {
      throw new Error(
        'The function returned a record whose value is no text in the encoding base64, the only one there is.',
      )
    }
    if (headers !== undefined && !isTexts(headers))
      throw new Error('The function returned a record whose headers are no texts.')
  }
  return records as readonly ReturnedRecord[]
}

function isTexts(headers: unknown): boolean {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return false
  return Object.values(headers).every((text) => typeof text === 'string')
}
