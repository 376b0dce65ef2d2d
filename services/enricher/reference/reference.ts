/**
 * Reference tables, for which the compacted topic weir.control.reference is the source of truth. Every
 * replica follows it, keeps the tables in memory for its flows, and copies them to Redis for functions. A
 * change goes API → topic → replicas within a few milliseconds, without a restart.
 */
import type { Codec } from '@weir/codec'
import { HEADERS, type ReferenceEntry } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import type { Resource } from '@weir/service'
import { REFERENCE_TOPIC, type ReferenceTable, ReferenceTables, type Solution } from '@weir/solutions'
import { openTable } from '@weir/tables'
import type { TopicRecord, WarnLog } from '@weir/topics'
import { RedisTables } from './redis-tables.ts'

export interface Reference {
  /** The live view of a table. Throws UnknownTable. */
  table(name: string): ReferenceTable
  /**
   * Stores an entry; resolves when it is in the topic. Rejects with UnknownTable, with a Misfit, or with the
   * producer's KafkaError.
   * @param by the name of the client's API key
   */
  put(table: string, id: string, entry: unknown, by?: string): Promise<void>
  /** Removes an entry, if it exists. Resolves and rejects like put(). */
  remove(table: string, id: string, by?: string): Promise<void>
  /** Whether the tables are followed, and whether Redis has them. */
  readonly ready: Readonly<Record<string, () => boolean>>
}

interface Options {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly redisUrl: string
  /** All solutions, including those that do not run here: the tables of all are copied to Redis. */
  readonly solutions: readonly Solution[]
  readonly log: WarnLog
}

/** Resolves when the tables match the topic, so that flows never begin without them. Redis may be away. */
export async function openReference(options: Options): Promise<Resource<Reference>> {
  const { kafka, codec, redisUrl, solutions, log } = options
  const tables = new ReferenceTables(solutions)
  const redis = new RedisTables(redisUrl, tables.names, log)
  const view = {
    accept: (record: TopicRecord<ReferenceEntry>) => {
      const change = tables.accept(record)
      if (change !== undefined) redis.changed(change)
    },
    clear: () => {
      tables.clear()
      redis.clear()
    },
  }
  const stored = await openTable(
    { kafka, codec, topic: REFERENCE_TOPIC, reader: 'reference', log },
    view,
  ).catch(async (error: unknown) => {
    await redis.stop()
    throw error
  })
  redis.start()

  const write = (table: string, id: string, json: string | null, by: string | undefined): Promise<void> =>
    stored.put(`${table}/${id}`, json === null ? null : { table, id, json }, {
      [HEADERS.source]: 'reference-api',
      ...(by !== undefined && { [HEADERS.client]: by }),
    })

  return {
    value: {
      ready: { 'reference tables': () => stored.ready(), 'reference tables in Redis': () => redis.ready },
      table: (name) => tables.table(name),
      put: async (table, id, entry, by) => {
        tables.check(table, id, entry)
        await write(table, id, JSON.stringify(entry), by)
      },
      remove: async (table, id, by) => {
        tables.table(table)
        await write(table, id, null, by)
      },
    },
    stop: async () => {
      await stored.stop()
      await redis.stop()
    },
  }
}
