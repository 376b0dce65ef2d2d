/**
 * Encodes values to bytes in the Confluent framing: a zero byte, the schema's id (big-endian), the Avro
 * record.
 */
import type { Encode } from './avro/encode.ts'

export const MAGIC = 0
export const FRAME_BYTES = 5

export interface Writer<V = any> {
  readonly topic: string
  readonly schemaId: number
  /**
   * Writes the framed value into `into` from `at` on and returns the end, or a negative number when the
   * buffer is too small (grow it and call again; what was written until then is garbage). It requires room of
   * three bytes for each UTF-16 unit of a string, so a buffer that is just large enough may be refused.
   * Throws InvalidValue for wrong types, undeclared fields, numbers that are not finite or too large, and
   * malformed Unicode.
   */
  encode(value: V, into: Buffer, at: number): number
}

export function createWriter<V>(topic: string, schemaId: number, encode: Encode): Writer<V> {
  return {
    topic,
    schemaId,
    encode(value, into, at) {
      if (at + FRAME_BYTES > into.length) return -1
      into[at] = MAGIC
      into[at + 1] = schemaId >>> 24
      into[at + 2] = schemaId >>> 16
      into[at + 3] = schemaId >>> 8
      into[at + 4] = schemaId
      return encode(value, into, at + FRAME_BYTES)
    },
  }
}
