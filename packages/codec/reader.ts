/**
 * Decodes bytes in the Confluent framing to values of the reader's schema, whatever version they were written
 * with.
 */
import { type AvroNode, SchemaError } from '@weir/contracts/avro.ts'
import { compileDecoder, type Decode } from './avro/decode.ts'
import { SchemaNeeded, Undecodable } from './errors.ts'
import type { Schemas } from './schemas.ts'
import { FRAME_BYTES, MAGIC } from './writer.ts'

/** The columns of a batch that matter here; a RecordBatch of the broker port is one. */
export interface ValueColumns {
  readonly length: number
  readonly bytes: Buffer
  /** -1 for a null value, which is skipped. */
  readonly valueStart: Int32Array
  readonly valueEnd: Int32Array
}

export interface Reader<V = any> {
  readonly topic: string
  /**
   * Decodes the value that takes exactly the bytes from `start` to `end`. Throws Undecodable, which is final,
   * or SchemaNeeded, which a call of `prepare` for the batch rules out. Strings and bytes are copied, so the
   * value may outlive the buffer.
   */
  decode(bytes: Buffer, start: number, end: number): V
  /**
   * Fetches the schemas of the batch that are not known yet; returns a promise only if there are any. Rejects
   * with RegistryUnavailable, which says nothing about the records.
   */
  prepare(batch: ValueColumns): Promise<void> | undefined
}

export function createReader<V>(topic: string, schema: AvroNode, schemas: Schemas): Reader<V> {
  const decoders = new Map<number, Decode>()
  let lastId = -1
  let lastDecode: Decode

  function decoderOf(id: number): Decode {
    let decode = decoders.get(id)
    if (decode === undefined) {
      const writer = schemas.get(id)
      if (writer === undefined) throw new SchemaNeeded(id)
      if (typeof writer === 'string') throw new Undecodable(writer, 'unknown-schema')
      decode = decoderFor(writer, schema)
      decoders.set(id, decode)
    }
    lastId = id
    lastDecode = decode
    return decode
  }

  return {
    topic,
    decode(bytes, start, end) {
      if (end - start < FRAME_BYTES)
        throw new Undecodable(
          `The value has ${end - start} bytes; a framed record has at least ${FRAME_BYTES}.`,
        )
      if (bytes[start] !== MAGIC)
        throw new Undecodable(
          `The value begins with byte ${bytes[start]} instead of ${MAGIC}, so it is not in the schema registry's framing.`,
        )
      const id = schemaId(bytes, start)
      return (id === lastId ? lastDecode : decoderOf(id))(bytes, start + FRAME_BYTES, end) as V
    },
    prepare(batch) {
      let needed: Set<number> | undefined
      let seen = lastId
      for (let i = 0; i < batch.length; i++) {
        const start = batch.valueStart[i]!
        if (start < 0 || batch.valueEnd[i]! - start < FRAME_BYTES || batch.bytes[start] !== MAGIC) continue
        const id = schemaId(batch.bytes, start)
        if (id === seen) continue
        seen = id
        if (!decoders.has(id) && !schemas.settled(id)) (needed ??= new Set()).add(id)
      }
      return needed === undefined ? undefined : schemas.resolveAll(needed)
    },
  }
}

/**
 * If a schema cannot be compiled, its records are undecodable one by one, as with two schemas that do not
 * match.
 */
function decoderFor(writer: AvroNode, reader: AvroNode): Decode {
  try {
    return compileDecoder(writer, reader)
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    return () => {
      throw new Undecodable(error.message)
    }
  }
}

function schemaId(bytes: Buffer, start: number): number {
  return (
    ((bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!) >>>
    0
  )
}
