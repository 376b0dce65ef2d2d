/** Fills: the records of a topic write items of a table. The requests to write them and the offset are one transaction. */
import type { Codec, Reader, Writer } from '@weir/codec'
import type { TableRequest } from '@weir/contracts'
import { encodeKey, ItemError, keyOfItem, partitionPrefix, readItem, readKey, toJson } from '@weir/items'
import {
  type Appender,
  appendRecord,
  encodeValue,
  type Kafka,
  partitionOfKey,
  type RecordBatch,
} from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import type { FillDefinition, ItemWrite } from '@weir/solutions'
import { openConsumerStage, type RunningStage } from '@weir/topics'
import { schemaOf, type Table } from './tables/entries.ts'
import { checkWrite, type WriteInput } from './tables/operations.ts'
import { fromPlain } from './tables/plain-items.ts'
import { REQUESTS } from './tables/table-task.ts'
import type { Tables } from './tables/tables.ts'

export interface FillResources {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly tables: Tables
  readonly log: Logger
}

type Write = Pick<TableRequest, 'operation' | 'input'> & { readonly key: ReturnType<typeof keyOfItem> }

/** Runs the fills side by side, each as its own consumer group. */
export async function openFills(
  definitions: readonly FillDefinition[],
  resources: FillResources,
): Promise<Resource<Readonly<Record<string, RunningStage['ready']>>>> {
  const running = await Promise.all(definitions.map((definition) => runFill(definition, resources)))
  return {
    value: Object.fromEntries(running.map(({ value }, i) => [`fill ${definitions[i].name}`, value.ready])),
    stop: async (drainMs) => {
      await Promise.all(running.map((fill) => fill.stop(drainMs)))
    },
  }
}

async function runFill(
  definition: FillDefinition,
  resources: FillResources,
): Promise<Resource<RunningStage>> {
  const { kafka, codec, tables, log } = resources
  const { source, deadLetter } = definition
  const name = `pricing.${definition.name}`
  const [reader, writer, partitions, stage] = await Promise.all([
    codec.reader(source),
    codec.writer(REQUESTS),
    kafka.partitions(REQUESTS),
    openConsumerStage({ name, kind: 'stage', deadLetter, kafka, codec, log }),
  ])

  const subscription = await kafka.transform(
    { groupId: name, topics: [source], startAt: 'earliest' },
    () => ({
      async process(batch, out, signal) {
        if (batch.unreadable !== undefined) stage.buryUnreadable(out, batch)
        if (batch.length === 0) return
        await stage.resumed(signal)
        await reader.prepare(batch)
        const table = await tableOf(definition, tables)
        let dead = 0
        for (let i = 0; i < batch.length; i++) {
          try {
            request(out, table, writeOf(definition, table, valueOf(reader, batch, i)), batch.timestamps[i])
          } catch (error) {
            if (!(error instanceof BadRecord)) throw error
            stage.bury(out, batch, i, 'fill', { code: error.code, message: error.message })
            dead++
          }
        }
        stage.account(batch, dead)
      },
    }),
  )

  function request(out: Appender, table: Table, write: Write | undefined, at: number): void {
    if (write === undefined) return
    const { key, ...rest } = write
    appendRecord(out, {
      topic: REQUESTS,
      partition: partitionOfKey(partitionPrefix(table.id, key.partition), partitions),
      key: encodeKey(table.id, key),
      value: encodeValue(writer as Writer<TableRequest>, {
        ...rest,
        table: table.id,
        expected: null,
        id: '',
        // Nobody waits for an answer.
        replyTo: '',
        at,
      }),
    })
  }

  return stage.watch(subscription)
}

/** The record becomes a dead letter. */
class BadRecord extends Error {
  readonly code: string
  constructor(code: string, error: unknown) {
    super(error instanceof Error ? error.message : String(error))
    this.code = code
  }
}

/** A table that somebody has deleted holds the partition up until it is there again. */
async function tableOf({ name, table }: FillDefinition, { definitions }: Tables): Promise<Table> {
  if (!definitions.byName.has(table)) await definitions.catchUp()
  const found = definitions.byName.get(table)
  if (found === undefined)
    throw new Error(`The fill ${name} waits for the table ${table}, which does not exist.`)
  return found
}

function valueOf(reader: Reader<unknown>, { bytes, valueStart, valueEnd }: RecordBatch, i: number): unknown {
  if (valueStart[i] < 0) throw new BadRecord('undecodable', 'The record does not have a value.')
  try {
    return reader.decode(bytes, valueStart[i], valueEnd[i])
  } catch (error) {
    throw new BadRecord((error as { code?: string }).code ?? 'undecodable', error)
  }
}

function writeOf(definition: FillDefinition, table: Table, value: unknown): Write | undefined {
  let write: ItemWrite | undefined
  try {
    write = definition.write(value)
  } catch (error) {
    throw new BadRecord('failed', error)
  }
  if (write === undefined) return undefined
  try {
    const { operation, input, key } = requestOf(write, table)
    checkWrite(input, operation, table)
    return { operation, input: JSON.stringify(input), key }
  } catch (error) {
    if (error instanceof ItemError) throw new BadRecord('invalid', error)
    throw error
  }
}

function requestOf(write: ItemWrite, table: Table) {
  const schema = schemaOf(table)
  if ('put' in write) {
    const item = readItem(fromPlain(write.put))
    return {
      operation: 'put',
      input: { Item: toJson(item) } as WriteInput,
      key: keyOfItem(schema, item),
    } as const
  }
  const { update, condition, names, values } = write
  const key = readItem(fromPlain({ [table.partitionKey.name]: write.key }))
  const input = {
    Key: toJson(key),
    UpdateExpression: update,
    ...(condition !== undefined && { ConditionExpression: condition }),
    ...(names && { ExpressionAttributeNames: names }),
    ...(values && { ExpressionAttributeValues: toJson(readItem(fromPlain(values))) }),
  } as WriteInput
  return { operation: 'update', input, key: readKey(schema, key) } as const
}
