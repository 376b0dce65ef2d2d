/** Decodes values for people: by the contract of their topic, or the raw bytes if that fails. */
import type { TopicName, TopicTable } from '@weir/contracts'
import type { Codec } from './codec.ts'
import { SchemaNeeded, Undecodable } from './errors.ts'

export interface DecodedValue {
  /** Undefined if the value could not be decoded. */
  readonly value: unknown
  /** The raw value, if it could not be decoded. */
  readonly bytes: Buffer | undefined
  /** Why the value could not be decoded. */
  readonly problem: string | undefined
}

export type DecodeValue = (bytes: Buffer) => Promise<DecodedValue>

/**
 * Decodes values of a topic. Rejects with the codec's RegistryUnavailable if the registry is needed and does
 * not answer.
 */
export async function valueDecoder(codec: Codec, topics: TopicTable, topic: string): Promise<DecodeValue> {
  if (!Object.hasOwn(topics, topic))
    return async (bytes) => ({
      value: undefined,
      bytes: Buffer.from(bytes),
      problem: `${topic} does not have a contract`,
    })
  const reader = await codec.reader(topic as TopicName)
  const decode: DecodeValue = async (bytes) => {
    try {
      return { value: reader.decode(bytes, 0, bytes.length), bytes: undefined, problem: undefined }
    } catch (error) {
      if (error instanceof SchemaNeeded) {
        await codec.resolve(error.id)
        return decode(bytes)
      }
      if (!(error instanceof Undecodable)) throw error
      return { value: undefined, bytes: Buffer.from(bytes), problem: error.message }
    }
  }
  return decode
}
