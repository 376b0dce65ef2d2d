/** Delivers the records of a slice to the function and writes what it returns to the mapping's output. */
import type { Appender } from '@weir/kafka'
import { batchesOf, stripesOf } from './batches.ts'
import { clock, type DeliveryPort, deliver } from './delivery.ts'
import type { Discards } from './discards.ts'
import type { Invoker } from './invoker.ts'
import type { Output, OutputRecords } from './output.ts'
import type { DeliverySettings } from './settings.ts'
import type { KeyedRecord, ShardSlice, SourceShard } from './slice.ts'

/** The returned records for one read go into one transaction, which takes 64 MiB. */
const MAX_RETURNED_BYTES = 60 << 20

const TOO_MUCH_RETURNED =
  'The function returned more than a transaction takes; return less, or lower BatchSize or ' +
  'ParallelizationFactor.'

/** The topic and the transaction for the records that functions return. */
export interface OutputTransaction {
  readonly output: Output
  readonly appender: Appender
  /** Bytes that still fit into the transaction. */
  room: number
}

export function outputTransaction(
  output: Output | undefined,
  appender: Appender | undefined,
): OutputTransaction | undefined {
  return output && appender && { output, appender, room: MAX_RETURNED_BYTES }
}

interface Returned {
  readonly offset: number
  readonly records: OutputRecords
}

export class SliceDelivery {
  readonly #settings: DeliverySettings
  readonly #invoker: Invoker
  readonly #discards: Discards

  constructor(settings: DeliverySettings, invoker: Invoker, discards: Discards) {
    this.#settings = settings
    this.#invoker = invoker
    this.#discards = discards
  }

  /** Resolves when the function has handled the records. Writes to `out` in the order of the records. */
  async deliver(
    { shard, records }: ShardSlice,
    out: OutputTransaction | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const settings = this.#settings
    const returned: Returned[] = []
    await Promise.all(
      stripesOf(records, settings.parallelization).map(async (stripe) => {
        const port = this.#portOf(shard, out, returned)
        for (const batch of batchesOf(stripe, settings.batchSize))
          await deliver(batch, settings, port, signal)
      }),
    )
    for (const one of returned.sort((a, b) => a.offset - b.offset))
      out!.output.append(out!.appender, one.records)
  }

  /** Makes the port of a stripe. */
  #portOf(
    shard: SourceShard,
    out: OutputTransaction | undefined,
    returned: Returned[],
  ): DeliveryPort<OutputRecords | undefined> {
    // Bytes for the newest response, until its records have succeeded.
    let reserved = 0
    const unreserve = (): void => {
      if (out !== undefined) out.room += reserved
      reserved = 0
    }
    const discard = this.#discards.of(shard)
    return {
      ...clock,
      invoke: this.#invoker.invokes({
        event: (records) => {
          unreserve()
          return shard.event(records)
        },
        read: (response) => {
          if (out === undefined) return undefined
          const records = out.output.encode(response)
          if (records.bytes > out.room) throw new Error(TOO_MUCH_RETURNED)
          out.room -= reserved = records.bytes
          return records
        },
      }),
      succeeded: ([first], records) => {
        reserved = 0
        if (records !== undefined) returned.push({ offset: (first as KeyedRecord).offset, records })
      },
      discard: (...given) => {
        unreserve()
        return discard(...given)
      },
    }
  }
}
