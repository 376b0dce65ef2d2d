/**
 * The framing of AWS Glue's serializers: byte 3, a byte for the compression (0: none, 5: zlib), the UUID of the
 * schema's version (16 bytes), the Avro record. The UUIDs of Weir's registry are its ids in a namespace of their own.
 */
import { inflateSync } from 'node:zlib'
import { Undecodable } from './errors.ts'

export const GLUE_MAGIC = 3
export const GLUE_FRAME_BYTES = 18
const UNCOMPRESSED = 0
const ZLIB = 5
const UUID_AT = 2
const ID_AT = 14
/** "Weir", then a custom version (RFC 9562, section 5.8); the registry's id takes the last four bytes. */
const NAMESPACE = Buffer.from('576569720000800080000000', 'hex')
/** The longest record that the topics allow by default, inflated (bytes). */
const MAX_INFLATED_BYTES = 1 << 20

/** Returns the UUID of the schema's version for clients of Glue. */
export function versionUuid(id: number): string {
  return uuidText(`${NAMESPACE.toString('hex')}${id.toString(16).padStart(8, '0')}`)
}

/** Returns the registry's id; undefined for a UUID that is not one of Weir's. */
export function idOfUuid(uuid: string): number | undefined {
  const id = parseInt(uuid.slice(-8), 16)
  return versionUuid(id) === uuid ? id : undefined
}

/** Returns the registry's id of a framed value with a whole header; undefined if its UUID is not one of Weir's. */
export function glueSchemaId(bytes: Buffer, start: number): number | undefined {
  return bytes.compare(NAMESPACE, 0, NAMESPACE.length, start + UUID_AT, start + ID_AT) === 0
    ? bytes.readUInt32BE(start + ID_AT)
    : undefined
}

/** Returns the UUID of a framed value with a whole header. */
export const uuidIn = (bytes: Buffer, start: number): string =>
  uuidText(bytes.toString('hex', start + UUID_AT, start + GLUE_FRAME_BYTES))

/** Returns the record of a framed value with a whole header, inflated. Throws Undecodable. */
export function glueRecord(bytes: Buffer, start: number, end: number): Buffer {
  const compression = bytes[start + 1]
  const record = bytes.subarray(start + GLUE_FRAME_BYTES, end)
  if (compression === UNCOMPRESSED) return record
  if (compression !== ZLIB)
    throw new Undecodable(
      `The value has compression ${compression}; Glue's framing has ${UNCOMPRESSED} (none) and ${ZLIB} (zlib).`,
    )
  try {
    return inflateSync(record, { maxOutputLength: MAX_INFLATED_BYTES })
  } catch (error) {
    throw new Undecodable(
      (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
        ? `The record is longer than ${MAX_INFLATED_BYTES} bytes when it is inflated.`
        : `The record is not valid zlib (${(error as Error).message}).`,
    )
  }
}

const uuidText = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
