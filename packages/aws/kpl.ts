/**
 * Unpacks records that the Kinesis Producer Library has aggregated ("KPL Aggregated Record Format"). An
 * aggregated record has the bytes F3 89 9A C2, a protobuf message, and the MD5 of that message:
 *
 *     message AggregatedRecord {
 *       repeated string partition_key_table = 1;
 *       repeated string explicit_hash_key_table = 2;
 *       repeated Record records = 3;
 *     }
 *     message Record {
 *       required uint64 partition_key_index = 1;
 *       optional uint64 explicit_hash_key_index = 2;
 *       required bytes data = 3;
 *       repeated Tag tags = 4;
 *     }
 */
import { hash } from 'node:crypto'

export interface UserRecord {
  readonly partitionKey: string
  /** Decimal. */
  readonly explicitHashKey?: string
  /** A view of the aggregated record. */
  readonly data: Buffer
}

const MAGIC = 0xf3899ac2
const MAGIC_LENGTH = 4
const DIGEST_LENGTH = 16
/** The most records in one; 1 MiB has this many of 8 bytes each. */
const MAX_RECORDS = 1 << 17
const HASH_KEY = /^\d{1,39}$/

const VARINT = 0
const FIXED_64 = 1
const DELIMITED = 2
const FIXED_32 = 5

/** Thrown within this module for bytes that are not an aggregated record after all. */
const MALFORMED = Symbol('malformed')

interface Field {
  readonly number: number
  readonly type: number
  /** The value of a varint; 0 for other types. */
  readonly value: number
  /** The range of delimited bytes. */
  readonly start: number
  readonly end: number
}

/** Returns the records in their order; undefined for an ordinary record, or a damaged aggregated one. */
export function deaggregate(value: Buffer): UserRecord[] | undefined {
  const end = value.length - DIGEST_LENGTH
  if (end < MAGIC_LENGTH || value.readUInt32BE(0) !== MAGIC) return undefined
  if (hash('md5', value.subarray(MAGIC_LENGTH, end), 'buffer').compare(value, end) !== 0) return undefined
  try {
    return unpack(value, MAGIC_LENGTH, end)
  } catch (error) {
    if (error === MALFORMED) return undefined
    throw error
  }
}

function unpack(bytes: Buffer, start: number, end: number): UserRecord[] {
  const keys: string[] = []
  const hashKeys: string[] = []
  const records: Field[] = []
  for (const field of fields(bytes, start, end)) {
    if (field.type !== DELIMITED || field.number > 3) continue
    if (field.number === 1) keys.push(bytes.toString('utf8', field.start, field.end))
    else if (field.number === 2) hashKeys.push(hashKey(bytes.toString('latin1', field.start, field.end)))
    else if (records.push(field) > MAX_RECORDS) throw MALFORMED
  }
  return records.map((record) => userRecord(bytes, record, keys, hashKeys))
}

function userRecord(
  bytes: Buffer,
  record: Field,
  keys: readonly string[],
  hashKeys: readonly string[],
): UserRecord {
  let key: string | undefined
  let explicitHashKey: string | undefined
  let data: Buffer | undefined
  for (const { number, type, value, start, end } of fields(bytes, record.start, record.end)) {
    if (number === 1 && type === VARINT) key = keys[value] ?? malformed()
    else if (number === 2 && type === VARINT) explicitHashKey = hashKeys[value] ?? malformed()
    else if (number === 3 && type === DELIMITED) data = bytes.subarray(start, end)
  }
  if (key === undefined || data === undefined) throw MALFORMED
  return explicitHashKey === undefined
    ? { partitionKey: key, data }
    : { partitionKey: key, explicitHashKey, data }
}

function* fields(bytes: Buffer, start: number, end: number): Generator<Field, void> {
  let at = start
  const varint = (): number => {
    let value = 0
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      if (at >= end) throw MALFORMED
      const byte = bytes[at++]
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw MALFORMED
  }
  while (at < end) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    const type = tag % 8
    const value = type === VARINT ? varint() : 0
    const length =
      type === DELIMITED
        ? varint()
        : type === FIXED_64
          ? 8
          : type === FIXED_32
            ? 4
            : type === VARINT
              ? 0
              : malformed()
    if (number === 0 || length > end - at) throw MALFORMED
    at += length
    yield { number, type, value, start: at - length, end: at }
  }
}

function hashKey(text: string): string {
  return HASH_KEY.test(text) ? text : malformed()
}

function malformed(): never {
  throw MALFORMED
}
