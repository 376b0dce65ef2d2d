/** Avro and the schema registry: values of the contracts' topics to bytes and back. */
export { openCodec, type Codec, type CodecOptions } from './codec.ts'
export { CodecError, InvalidValue, RegistryUnavailable, SchemaNeeded, Undecodable, type CodecErrorCode } from './errors.ts'
export type { Reader, ValueColumns } from './reader.ts'
export type { Writer } from './writer.ts'
