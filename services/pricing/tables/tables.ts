/** Tables of items: every replica owns some partitions of them, and knows all of them for reading. */
import type { Codec } from '@weir/codec'
import type { TableAnswer, TableEntry } from '@weir/contracts'
import { encodeKey, type Key, type KeyValue, partitionPrefix, tablePrefix } from '@weir/items'
import { type Kafka, type Producer, partitionOfKey } from '@weir/kafka'
import { type Logger, type Resource, watchGroup } from '@weir/service'
import { keyedTask, openStateStore, type StateConfig } from '@weir/state'
import { materialise } from '@weir/tables'
import { openRecords } from '@weir/topics'
import { answersDueAt, replicaOf } from './answers.ts'
import { type Definitions, openDefinitions } from './definitions.ts'
import type { Table } from './entries.ts'
import { Reading, valueOf } from './reading.ts'
import { type NewRequest, Requests } from './requests.ts'
import type { Rows } from './rows.ts'
import { CHANGES, ITEMS, REQUESTS, TableTask } from './table-task.ts'
import { View } from './view.ts'

export interface Tables {
  readonly definitions: Definitions
  readonly reading: Reading
  /**
   * Has the owner of the item write it. Resolves to its answer, when this replica knows the change. Rejects with a
   * KafkaError or NoAnswer: it may be written nevertheless.
   */
  write(table: Table, key: Key, request: Omit<NewRequest, 'table'>): Promise<TableAnswer>
  /** Resolves when this replica knows all changes before the call to items with the partition value. */
  settle(table: Table, partition: KeyValue): Promise<void>
  ready(): boolean
}

export interface TablesOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly producer: Producer
  readonly config: StateConfig
  /** Of the tables that have rows, by the table's name. */
  readonly rows: ReadonlyMap<string, Rows>
  readonly log: Logger
}

const GROUP = 'pricing.tables'
/** Items of one partition, of all tables. */
const MAX_ITEMS = 10_000_000

export async function openTables(options: TablesOptions): Promise<Resource<Tables>> {
  const { kafka, codec, producer, config, rows, log } = options
  const definitions = await openDefinitions({ kafka, codec, log })
  const view = new View(config.dir)
  const [requests, changes, requestWriter, partitions, states] = await Promise.all([
    openRecords({ codec, topic: REQUESTS, reader: 'tables', log }),
    codec.writer(CHANGES),
    codec.writer(REQUESTS),
    kafka.partitions(REQUESTS),
    openStateStore({ kafka, codec, config, topic: ITEMS, timers: timersOf, maxKeys: MAX_ITEMS, log }),
  ])
  const sender = new Requests(producer, requestWriter)
  const follower = materialise(
    { kafka, codec, log, reader: 'tables', topic: ITEMS },
    {
      accept(record) {
        const key = record.keyBytes
        const replica = replicaOf(key)
        if (replica === undefined) view.set(key, valueOf(record.value?.item ?? null))
        else if (replica === sender.replica) sender.accept(record.value?.answers ?? [])
      },
      clear: () => view.clear(),
    },
  )
  await follower.catchUp()
  follower.start()
  const reading = new Reading(view)
  const subscription = await kafka.transform(
    { groupId: GROUP, topics: [REQUESTS], startAt: 'earliest' },
    (partition) =>
      keyedTask(
        states.value(partition),
        new TableTask({
          partition,
          requests,
          changes,
          definitions: definitions.value,
          reading,
          rows,
        }),
      ),
  )
  const unwatch = watchGroup(subscription, kafka)
  const partitionOf = (table: Table, value: KeyValue): number =>
    partitionOfKey(partitionPrefix(table.id, value), partitions)

  return {
    value: {
      definitions: definitions.value,
      reading,
      write: (table, key, request) =>
        sender.send(
          { key: encodeKey(table.id, key), partition: partitionOf(table, key.partition) },
          { ...request, table: table.id },
        ),
      async settle(table, partition) {
        const place = { key: tablePrefix(table.id), partition: partitionOf(table, partition) }
        await sender.send(place, {
          table: table.id,
          operation: 'barrier',
          input: '',
          expected: null,
        })
      },
      ready: () => subscription.ready() && follower.ready && definitions.value.ready(),
    },
    stop: async (drainMs) => {
      unwatch()
      await subscription.stop(drainMs)
      await states.stop(drainMs)
      await follower.stop()
      await view.close()
      await definitions.stop(drainMs)
    },
  }
}

function timersOf(entry: TableEntry): { event: number; clock: number } {
  return {
    event: Infinity,
    clock: entry.item === null ? answersDueAt(entry) : (entry.item.expiresAt ?? Infinity),
  }
}
