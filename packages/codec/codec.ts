/** Converts the values of the contracts' topics to bytes and back. */
import type { TopicName, Topics, ValueOf } from '@weir/contracts'
import { parseSchema } from '@weir/contracts/avro.ts'
import { schemaOf } from '@weir/contracts/load.ts'
import { compileEncoder } from './avro/encode.ts'
import { createReader, type Reader } from './reader.ts'
import { registryAt } from './registry.ts'
import { Schemas } from './schemas.ts'
import { createWriter, type Writer } from './writer.ts'

export interface CodecOptions {
  /** Every topic; the contract that was registered last is the last one's. */
  readonly topics: Topics
  /** The registry's base address, with the path of its Confluent interface if that is not the root. */
  readonly url: string
  /** The timeout of each request to the registry (default 5,000). */
  readonly timeoutMs?: number
}

export interface Codec {
  /** Rejects with `not-registered` or `registry-unavailable`; both can pass. */
  writer<T extends TopicName>(topic: T): Promise<Writer<ValueOf[T]>>
  reader<T extends TopicName>(topic: T): Promise<Reader<ValueOf[T]>>
  /**
   * Fetches the schema of that id if it is not known. Rejects with RegistryUnavailable. If there is no such
   * schema, that answer is remembered for a minute.
   */
  resolve(id: number): Promise<void>
}

interface Log {
  info(details: object, message: string): void
}

/**
 * Opens nothing yet: the registry is asked when writers, readers and ids first need it, so a service that has
 * all it needs in memory outlives the registry.
 */
export async function openCodec(
  { topics, url, timeoutMs = 5000 }: CodecOptions,
  log?: Log,
): Promise<{ value: Codec; stop(): Promise<void> }> {
  const registry = registryAt(url, timeoutMs, Object.keys(topics).at(-1)!)
  const schemas = new Schemas(registry)
  const writers = new Map<TopicName, Promise<Writer>>()

  async function createTopicWriter(topic: TopicName): Promise<Writer> {
    const schema = schemaOf(topics[topic])
    const id = await registry.idOf(topic, schema)
    log?.info({ topic, schemaId: id }, 'writing with this schema')
    return createWriter(topic, id, compileEncoder(parseSchema(schema)))
  }

  const codec: Codec = {
    writer(topic) {
      let writer = writers.get(topic)
      if (writer === undefined) {
        writer = createTopicWriter(topic)
        writers.set(topic, writer)
        writer.catch(() => writers.delete(topic))
      }
      return writer
    },
    reader: async (topic) => createReader(topic, parseSchema(schemaOf(topics[topic])), schemas),
    resolve: (id) => schemas.resolve(id),
  }
  return { value: codec, stop: async () => {} }
}
