/** Gives up records: counts them, logs them, and names them to the mapping's on-failure destination. */
import { randomUUID } from 'node:crypto'
import { type Account, functionArn } from '@weir/aws'
import { KafkaError, type RecordBatch } from '@weir/kafka'
import type { Assignment } from '@weir/kafka/port.ts'
import { Counter, type GroupStall, type Logger, metrics } from '@weir/service'
import type { Cause, DeliveryPort } from './delivery.ts'
import type { BatchDestination, DiscardedBatch } from './destinations.ts'
import type { Invoker } from './invoker.ts'
import { type Mapping, targetOf } from './mapping.ts'
import type { Lost, SourceShard } from './slice.ts'

const discards = new Counter({
  name: 'weir_function_discarded_records_total',
  labelNames: ['function', 'condition'],
  registers: [metrics],
  help: 'Records given up after their last attempt, for their age, or because they cannot be read.',
})

/** An outage of a destination usually ends sooner. A longer one is reported. */
const STALLED_MS = 30_000

/** The destination does not accept the records that a partition gives up. */
interface Refusal {
  /** When it first failed, ms since the epoch. */
  readonly sinceMs: number
  /** The name or code of the last error. */
  readonly error: string
}

export interface DiscardsOptions {
  readonly invoker: Pick<Invoker, 'unreadable'>
  readonly report: (result: string) => void
  readonly destination: BatchDestination | undefined
  readonly account: Account
  readonly log: Logger
}

export class Discards {
  readonly #mapping: Mapping
  readonly #options: DiscardsOptions
  readonly #functionArn: string
  readonly #refusals = new Map<number, Refusal>()

  constructor(mapping: Mapping, options: DiscardsOptions) {
    this.#mapping = mapping
    this.#options = options
    this.#functionArn = functionArn(options.account, targetOf(mapping))
  }

  /** Returns the function that gives up records of a shard for a DeliveryPort. */
  of(shard: SourceShard): DeliveryPort['discard'] {
    return (records, why, signal) =>
      this.#giveUp(
        {
          ...why,
          first: records[0],
          last: records[records.length - 1],
          count: records.length,
          payloadBytes: records.reduce((sum, { json }) => sum + json.length, 0),
          event: () => shard.event(records),
          shard,
        },
        signal,
      )
  }

  /** Gives up records that cannot be read, without an invocation. */
  async lose({ records, condition, error }: Lost, shard: SourceShard, signal: AbortSignal): Promise<void> {
    this.#options.invoker.unreadable(error)
    await this.of(shard)(records, { condition, invocations: 0, reported: false, error }, signal)
  }

  /**
   * Gives up a batch that the broker port cannot read.
   * @param shard undefined if the batch's shard is not known; the batch is then only logged
   */
  async loseBatch(
    firstOffset: number,
    { partition, nextOffset }: RecordBatch,
    reason: string,
    shard: SourceShard | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    this.#options.invoker.unreadable(reason)
    if (shard === undefined) {
      const details = { mapping: this.#mapping.id, partition, firstOffset, nextOffset, error: reason }
      this.#options.log.warn(details, 'a batch that cannot be read was passed over; its shard is not known')
      return
    }
    await this.#giveUp(
      {
        condition: 'DESERIALIZATION_ERROR',
        invocations: 0,
        reported: false,
        error: reason,
        first: shard.recordAt(firstOffset),
        last: shard.recordAt(nextOffset - 1),
        count: nextOffset - firstOffset,
        payloadBytes: 0,
        event: undefined,
        shard,
      },
      signal,
    )
  }

  /** Gives up the last invocation of a window. @param offset the one after the window's records */
  abandonWindow(shard: SourceShard, offset: number, why: Cause, signal: AbortSignal): Promise<void> {
    const last = shard.recordAt(offset - 1)
    return this.#giveUp(
      { ...why, first: last, last, count: 0, payloadBytes: 0, event: undefined, shard },
      signal,
    )
  }

  async #giveUp(
    batch: Omit<DiscardedBatch, 'mappingId' | 'functionArn'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { id, functionName } = this.#mapping
    const { condition, invocations, error, first, count } = batch
    discards.inc({ function: functionName, condition }, count)
    this.#options.log.warn(
      {
        function: functionName,
        mapping: id,
        condition,
        invocations,
        error,
        records: count,
        first: first.identifier,
      },
      'records were given up',
    )
    const discarded = { ...batch, mappingId: id, functionArn: this.#functionArn }
    const { partition } = batch.shard
    try {
      await this.#options.destination?.send(discarded, randomUUID(), signal, (refusal) =>
        this.#refused(partition, refusal),
      )
    } finally {
      this.#refusals.delete(partition)
    }
  }

  #refused(partition: number, refusal: Error): void {
    const error = refusal instanceof KafkaError ? refusal.code : refusal.name
    const { sinceMs } = this.#refusals.get(partition) ?? { sinceMs: Date.now() }
    this.#refusals.set(partition, { sinceMs, error })
    this.#options.report(
      `PROBLEM: The on-failure destination does not accept a record (${error}); later records wait`,
    )
  }

  /** Returns the partitions among these that wait for the destination. */
  stalled(assignments: readonly Assignment[]): GroupStall[] {
    const before = Date.now() - STALLED_MS
    return assignments.flatMap(({ topic, partition, position }) => {
      const refusal = this.#refusals.get(partition)
      if (refusal === undefined || refusal.sinceMs > before) return []
      const reason = `its on-failure destination does not accept a record (${refusal.error})`
      return [{ topic, partition, offset: position, sinceMs: refusal.sinceMs, reason, tolerated: true }]
    })
  }
}
