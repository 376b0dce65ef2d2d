/** Avro and the schema registry: converts the values of the contracts' topics to bytes and back. */
export { type Codec, type CodecOptions, openCodec } from './codec.ts'
export {
  CodecError,
  type CodecErrorCode,
  InvalidValue,
  RegistryUnavailable,
  SchemaNeeded,
  Undecodable,
} from './errors.ts'
export { asJson, hex, jsonText, printable } from './printable.ts'
export type { Reader, ValueColumns } from './reader.ts'
export { registryUrl } from './registry-address.ts'
export { type DecodedValue, type DecodeValue, valueDecoder } from './value-decoder.ts'
export type { Writer } from './writer.ts'
