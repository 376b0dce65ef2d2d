/** Change streams of tables as event sources: those that Lambda knows as DynamoDB. */
import { type Account, parseArn, tableArn } from '@weir/aws'
import { type Reader, SchemaNeeded } from '@weir/codec'
import type { TableChange } from '@weir/contracts'
import { sequenceNumberOf, shardIdOf } from '@weir/items/change-streams.ts'
import type { RecordBatch } from '@weir/kafka'
import { object, oneOf, text } from '@weir/topics/shape.ts'
import type { DeliverySettings } from '../settings.ts'
import { recordsEvent, type ShardSlice, SliceBuilder, type SourceShard } from '../slice.ts'
import { compileFilters, type FilterCriteria, type RecordFilter } from './filters.ts'
import {
  duplicateOfStream,
  type EventSource,
  type KafkaConfig,
  refuseKafkaConfig,
  type SourceDeps,
  SourceError,
  type SourceKind,
  type SourceMapping,
  type SourceReader,
} from './source.ts'
import {
  type TableOrigin,
  type TableRecord,
  tableBatchInfo,
  tableFilters,
  tableRecord,
  writeTable,
} from './table-records.ts'

interface TableStreamDefinition {
  readonly kind: 'dynamodb'
  readonly table: string
  /** When the stream was enabled, as DynamoDB writes it. */
  readonly label: string
}

const CHANGES = 'weir.tables.changes'
/** The resource of a change stream's ARN. */
const STREAM = /^table\/([a-zA-Z0-9_.-]{3,255})\/stream\/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})$/

export const tables: SourceKind<TableStreamDefinition> = {
  kind: 'dynamodb',
  requestForm: 'the ARN of the change stream of a table',
  shape: object({
    kind: oneOf('dynamodb'),
    table: text({ max: 255, pattern: /^[a-zA-Z0-9_.-]{3,255}$/ }),
    label: text({ max: 23, pattern: /^[\dT:.-]{23}$/ }),
  }),
  fromRequest({ EventSourceArn: arn = '' }, account) {
    const { service, region, accountId, resource = '' } = parseArn(arn) ?? {}
    const [, table, label] = STREAM.exec(resource) ?? []
    if (service !== 'dynamodb' || table === undefined) return undefined
    if (region === account.region && accountId === account.accountId)
      return { kind: 'dynamodb', table, label }
    throw new SourceError(
      `${arn} is a stream of another region or account; streams here are ${tableArn(account, 'NAME')}/stream/LABEL.`,
    )
  },
  of: ({ table, label }) => new TableSource(table, label),
}

class TableSource implements EventSource {
  readonly defaultStart = undefined
  readonly transitionReason = 'User action'
  readonly topic = undefined
  readonly #table: string
  readonly #label: string

  constructor(table: string, label: string) {
    this.#table = table
    this.#label = label
  }

  resource(account: Account): string {
    return `${tableArn(account, this.#table)}/stream/${this.#label}`
  }

  configuration(_mapping: SourceMapping, account: Account): object {
    return { EventSourceArn: this.resource(account) }
  }

  duplicate({ functionName }: SourceMapping, _functionArn: string, account: Account): string {
    return duplicateOfStream(this.resource(account), functionName)
  }

  check(_mapping: SourceMapping, config: KafkaConfig | undefined): void {
    refuseKafkaConfig(config)
  }

  checkFilters(filters: FilterCriteria | undefined): void {
    compileFilters(filters, tableFilters)
  }

  limited(settings: DeliverySettings): DeliverySettings {
    return settings
  }

  /** A stream that does not exist has no changes. */
  exists(): boolean {
    return true
  }

  async open({ filters }: SourceMapping, { codec, account }: SourceDeps): Promise<SourceReader> {
    return new ChangeReader({
      table: this.#table,
      label: this.#label,
      origin: { streamArn: this.resource(account), region: account.region },
      filter: compileFilters(filters, tableFilters),
      reader: await codec.reader(CHANGES),
    })
  }
}

interface Reading {
  readonly table: string
  readonly label: string
  readonly origin: TableOrigin
  readonly filter: RecordFilter<TableRecord> | undefined
  readonly reader: Reader<TableChange>
}

class ChangeReader implements SourceReader {
  readonly topic = CHANGES
  readonly #reading: Reading

  constructor(reading: Reading) {
    this.#reading = reading
  }

  shardAt(partition: number): SourceShard {
    const { label, origin } = this.#reading
    const { streamArn } = origin
    const shardId = shardIdOf(label, partition)
    return {
      shardId,
      partition,
      eventSourceArn: streamArn,
      event: recordsEvent,
      recordAt: (offset) => ({ identifier: sequenceNumberOf(offset), timestamp: Date.now() }),
      batchInfo: (extent) => tableBatchInfo(streamArn, shardId, extent),
    }
  }

  hasEnded(): boolean {
    return false
  }

  async *slices(
    batch: RecordBatch,
    leaveOut: (index: number) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<ShardSlice> {
    const { filter, reader, origin } = this.#reading
    await reader.prepare(batch)
    for (let i = 0; i < batch.length; ) {
      const slice = new SliceBuilder(filter, writeTable)
      for (; i < batch.length && !slice.full; i++) {
        const change = leaveOut(i) ? undefined : this.#changeAt(batch, i)
        if (change === undefined) continue
        const taking = slice.take(tableRecord(batch, i, change, origin))
        if (taking !== undefined) await taking
      }
      signal.throwIfAborted()
      yield slice.done(this.shardAt(batch.partition), i < batch.length ? batch.offsets[i] : batch.nextOffset)
    }
  }

  /** Undefined for changes of other tables, and for records that are not changes: anybody may have written them. */
  #changeAt({ bytes, valueStart, valueEnd }: RecordBatch, i: number): TableChange | undefined {
    const { reader, table, label } = this.#reading
    if (valueStart[i] < 0) return undefined
    try {
      const change = reader.decode(bytes, valueStart[i], valueEnd[i])
      return change.table === table && change.stream === label ? change : undefined
    } catch (error) {
      if (error instanceof SchemaNeeded) throw error
      return undefined
    }
  }
}
