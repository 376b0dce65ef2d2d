/**
 * Records of topics as Lambda's functions and filters see them (developer guide, "Using AWS Lambda with
 * Amazon MSK", "with self-managed Kafka").
 */
import { keyOf, type RecordBatch, valueOf } from '@weir/kafka'
import { readVarint, varint } from '@weir/kafka/records/varint.ts'
import { type Branch, matchesPlan, type Plan, Planner, SlicedMatcher, type Work } from '@weir/patterns'
import {
  type BatchExtent,
  type KeyedRecord,
  timeOf,
  type UnwrittenRecord,
  type WrittenRecord,
} from '../slice.ts'
import { type Content, type FilterDialect, type Format, formatOf, jsonOf, textOf } from './filters.ts'

/** An element of records of a Kafka event. */
export interface KafkaRecord {
  key?: Content | null
  value?: Content | null
  readonly [name: string]: unknown
}

export type TimestampType = 'CREATE_TIME' | 'LOG_APPEND_TIME'

/** Returns record `i` of a batch in the form of a Kafka event. @param value replaces the record's own */
export function kafkaRecord(
  batch: RecordBatch,
  i: number,
  timestampType: TimestampType,
  value: Buffer | null = valueOf(batch, i),
): UnwrittenRecord<KafkaRecord> {
  const { topic, partition } = batch
  const offset = batch.offsets[i]
  const timestamp = batch.timestamps[i]
  const key = keyOf(batch, i)
  return {
    identifier: String(offset),
    partition: partitionName(topic, partition),
    timestamp,
    key,
    offset,
    content: {
      topic,
      partition,
      offset,
      timestamp,
      timestampType,
      key: key ?? undefined,
      value: value ?? undefined,
      headers: headersOf(batch, i),
    },
  }
}

export function writeKafka({ content, ...record }: UnwrittenRecord<KafkaRecord>): KeyedRecord {
  content.key = (content.key as Buffer | undefined)?.toString('base64')
  content.value = (content.value as Buffer | undefined)?.toString('base64')
  return { ...record, json: JSON.stringify(content) }
}

/** The partition's name, as it appears in events. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** Returns each header as an object of its own, with its value as a list of bytes. */
function headersOf(batch: RecordBatch, i: number): Record<string, number[]>[] {
  const { bytes } = batch
  const headers: Record<string, number[]>[] = []
  let count = readVarint(bytes, batch.headersStart[i])
  let at = varint.next
  while (count-- > 0) {
    const nameEnd = readVarint(bytes, at) + varint.next
    const name = bytes.toString('utf8', varint.next, nameEnd)
    const length = readVarint(bytes, nameEnd)
    at = varint.next + Math.max(length, 0)
    headers.push({ [name]: [...bytes.subarray(varint.next, at)] })
  }
  return headers
}

/** A partition that functions read, and its brokers as events name them. */
export interface KafkaOrigin {
  readonly topic: string
  readonly partition: number
  readonly bootstrapServers: string
}

export function kafkaEvent(
  { topic, partition, bootstrapServers }: KafkaOrigin,
  records: readonly WrittenRecord[],
  window = '',
): string {
  const head = JSON.stringify({ eventSource: 'SelfManagedKafka', bootstrapServers })
  const name = JSON.stringify(partitionName(topic, partition))
  return `${head.slice(0, -1)},"records":{${name}:[${records.map(({ json }) => json).join()}]}${window}}`
}

/** The part of an invocation record that names a batch of a topic. */
export function kafkaBatchInfo(
  { topic, partition, bootstrapServers }: KafkaOrigin,
  { first, last, count, payloadBytes }: BatchExtent,
): object {
  return {
    KafkaBatchInfo: {
      batchSize: count,
      bootstrapServers,
      payloadSize: payloadBytes,
      recordInfo: {
        [partitionName(topic, partition)]: {
          firstRecordOffset: first.identifier,
          lastRecordOffset: last.identifier,
          firstRecordTimestamp: timeOf(first),
          lastRecordTimestamp: timeOf(last),
        },
      },
    },
  }
}

const PARTS = ['key', 'value'] as const

/** A Kafka record as patterns see it. */
interface KafkaSubject {
  readonly key: Part | undefined
  readonly value: Part | undefined
  readonly event: object
}

/** A key or value as patterns see it; `format` is undefined if it is not valid UTF-8. */
interface Part {
  readonly format: Format | undefined
  readonly content: unknown
}

/**
 * A pattern's `key` or `value` is an object (for JSON) or an array (for plain texts). If the content has the
 * other format, or is not valid UTF-8, that part of the pattern is skipped and only its other parts decide.
 * For a record without a key or value, the part is not skipped: the field is absent. JSON here means an
 * object or an array; a bare number or quoted text is a plain text.
 */
export const kafkaFilters: FilterDialect<KafkaRecord> = {
  compile(branches) {
    const planner = new Planner()
    const asks = (part: string): boolean => branches.some((branch) => formatOf(branch, part) !== undefined)
    const needs = { key: asks('key'), value: asks('value') }
    return new SlicedMatcher(
      branches.map((branch) => alternativeOf(branch, planner)),
      (record: KafkaRecord, work: Work) => {
        const key = needs.key ? partOf(record.key, work) : undefined
        const value = needs.value ? partOf(record.value, work) : undefined
        return { key, value, event: { ...record, key: key?.content, value: value?.content } }
      },
    )
  },
}

function alternativeOf(branch: Branch, planner: Planner): (subject: KafkaSubject, work: Work) => boolean {
  const formats = { key: formatOf(branch, 'key'), value: formatOf(branch, 'value') }
  const named = (formats.key === undefined ? 0 : 1) | (formats.value === undefined ? 0 : 2)
  // The index has bit 1 if the branch names the key and it fits, bit 2 for the value. Undefined: no condition
  // is left, all records match.
  const plans: readonly (Plan | undefined)[] = [0, 1, 2, 3].map((asked) => {
    if ((asked & named) !== asked) return undefined
    const conditions = [...branch.values()].filter(
      ({ path }) => !PARTS.some((part, bit) => path[0] === part && (asked & (1 << bit)) === 0),
    )
    return conditions.length === 0 ? undefined : planner.plan(conditions)
  })
  return ({ key, value, event }, work) => {
    const plan = plans[((fits(formats.key, key) ? 1 : 0) | (fits(formats.value, value) ? 2 : 0)) & named]
    return plan === undefined || matchesPlan(plan, event, work)
  }
}

/** Returns undefined if the record has no such content: then nothing can have another format. */
function partOf(content: Content | null | undefined, work: Work): Part | undefined {
  if (content === null || content === undefined) return undefined
  const text = textOf(content)
  if (text === undefined) return { format: undefined, content: undefined }
  const parsed = jsonOf(text, work)
  return parsed === undefined ? { format: 'plain', content: text } : { format: 'json', content: parsed }
}

const fits = (format: Format | undefined, part: Part | undefined): boolean =>
  part === undefined || part.format === format
