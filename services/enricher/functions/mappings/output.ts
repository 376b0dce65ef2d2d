/** The records that a function returns, for the topic that its mapping names. */
import { Buffer } from 'node:buffer'
import { decodeBase64 } from '@weir/aws'
import type { Codec, Writer } from '@weir/codec'
import { topics, type TopicName } from '@weir/contracts'
import { encodeHeaders, NO_HEADERS, partitionFor, type Appender, type Kafka } from '@weir/kafka'

/**
 * `{ "records": [ { "key"?, "value", "encoding"?, "headers"? } ] }` is what a function answers. A text is written as it is, or as the bytes that it stands for
 * with encoding base64; anything else as JSON or by the topic's contract.
 */
export interface ReturnedRecord {
  readonly key?: string
  readonly value: unknown
  readonly encoding?: 'base64'
  readonly headers?: Readonly<Record<string, string>>
}

export interface Output {
  /** Throws a sentence for an answer that is no list of records for this topic. */
  records(response: unknown): readonly ReturnedRecord[]
  append(out: Appender, records: readonly ReturnedRecord[]): void
}

/** Rejects with unknown-topic where there is no such topic. */
export async function openOutput(topic: string, kafka: Kafka, codec: Codec): Promise<Output> {
  const contract = topic in topics ? (topic as TopicName) : undefined
  const [partitions, writer] = await Promise.all([kafka.partitions(topic), contract && codec.writer(contract)])
  const keyField = contract === undefined ? null : topics[contract].key
  let turn = 0
  return {
    records(response) {
      const records = returnedRecords(response)
      if (writer !== undefined && records.some(({ encoding }) => encoding !== undefined)) {
        throw new Error(`The function returned a record with an encoding for ${topic}, whose contract says how values are written.`)
      }
      return records
    },
    append(out, records) {
      for (const { key, value, encoding, headers } of records) {
        const bytes = encoding === undefined ? bytesOf(value, writer) : Buffer.from(value as string, encoding)
        const text = key ?? (keyField === null ? undefined : String((value as Record<string, unknown>)[keyField]))
        const keyBytes = text === undefined ? null : Buffer.from(text)
        const block = headers === undefined ? NO_HEADERS : encodeHeaders(headers)
        const partition = keyBytes === null ? turn++ % partitions : partitionFor(keyBytes, 0, keyBytes.length, partitions)
        out.append(topic, partition, keyBytes, 0, keyBytes?.length ?? 0, bytes, 0, bytes?.length ?? 0, block, 0, block.length)
      }
    },
  }
}

function returnedRecords(response: unknown): readonly ReturnedRecord[] {
  const records = (response as { records?: unknown } | null | undefined)?.records
  if (records === undefined || records === null) return []
  if (!Array.isArray(records)) throw new Error('The function returned "records" that are no list.')
  for (const record of records as readonly unknown[]) {
    if (typeof record !== 'object' || record === null || !('value' in record)) throw new Error('The function returned a record without a value.')
    const { key, value, encoding, headers } = record as { key?: unknown, value: unknown, encoding?: unknown, headers?: unknown }
    if (key !== undefined && typeof key !== 'string') throw new Error('The function returned a record whose key is no text.')
    if (encoding !== undefined && (encoding !== 'base64' || typeof value !== 'string' || decodeBase64(value) === undefined)) {
      throw new Error('The function returned a record whose value is no text in the encoding base64, the only one there is.')
    }
    if (headers !== undefined && (typeof headers !== 'object' || headers === null || Object.values(headers).some((value) => typeof value !== 'string'))) {
      throw new Error('The function returned a record whose headers are no texts.')
    }
  }
  return records as readonly ReturnedRecord[]
}

function bytesOf(value: unknown, writer: Writer | undefined): Buffer | null {
  if (value === null) return null
  if (writer === undefined) return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  for (let size = 1024; ; size *= 2) {
    const bytes = Buffer.allocUnsafe(size)
    const end = writer.encode(value, bytes, 0)
    if (end >= 0) return bytes.subarray(0, end)
  }
}
