/**
 * Decodes bytes in the Confluent framing, or in that of Glue, to values of the reader's schema, whatever version
 * they were written with.
 */
import { type AvroNode, SchemaError } from '@weir/contracts/avro.ts'
import { compileDecoder, type Decode } from './avro/decode.ts'
import { SchemaNeeded, Undecodable } from './errors.ts'
import { GLUE_FRAME_BYTES, GLUE_MAGIC, glueRecord, glueSchemaId, uuidIn } from './glue-frame.ts'
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

  function decodeGlue(bytes: Buffer, start: number, end: number): unknown {
    const id = schemaIdOf(bytes, start, end)
    if (id === undefined) throw new Undecodable(...withoutId(bytes, start, end))
    const decode = id === lastId ? lastDecode : decoderOf(id)
    const record = glueRecord(bytes, start, end)
    return decode(record, 0, record.length)
  }

  return {
    topic,
    decode(bytes, start, end) {
      if (end - start < FRAME_BYTES)
        throw new Undecodable(
          `The value has ${end - start} bytes; a framed record has at least ${FRAME_BYTES}.`,
        )
      if (bytes[start] !== MAGIC) return decodeGlue(bytes, start, end) as V
      const id = confluentSchemaId(bytes, start)
      return (id === lastId ? lastDecode : decoderOf(id))(bytes, start + FRAME_BYTES, end) as V
    },
    prepare(batch) {
      let needed: Set<number> | undefined
      let seen = lastId
      for (let i = 0; i < batch.length; i++) {
        const id = schemaIdOf(batch.bytes, batch.valueStart[i]!, batch.valueEnd[i]!)
        if (id === undefined || id === seen) continue
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

/** Returns the id of the schema of a value; undefined for a null, and for bytes that name no schema. */
function schemaIdOf(bytes: Buffer, start: number, end: number): number | undefined {
  if (start < 0) return undefined
  if (bytes[start] === MAGIC) return end - start < FRAME_BYTES ? undefined : confluentSchemaId(bytes, start)
  return bytes[start] === GLUE_MAGIC && end - start >= GLUE_FRAME_BYTES
    ? glueSchemaId(bytes, start)
    : undefined
}

/** Says why a value that is not in the Confluent framing has no schema. */
function withoutId(bytes: Buffer, start: number, end: number): ConstructorParameters<typeof Undecodable> {
  if (bytes[start] !== GLUE_MAGIC)
    return [
      `The value begins with byte ${bytes[start]} instead of ${MAGIC} or ${GLUE_MAGIC}, so it is in neither the schema registry's framing nor Glue's.`,
    ]
  if (end - start < GLUE_FRAME_BYTES)
    return [
      `The value has ${end - start} bytes; a record in Glue's framing has at least ${GLUE_FRAME_BYTES}.`,
    ]
  return [
    `The registry does not have a schema with the version id ${uuidIn(bytes, start)}.`,
    'unknown-schema',
  ]
}

function confluentSchemaId(bytes: Buffer, start: number): number {
  return (
    ((bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!) >>>
    0
  )
}
