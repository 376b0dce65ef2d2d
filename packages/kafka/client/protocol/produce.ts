/**
 * Produce, with record batches sent as they are. Versions 9 to 12 have one format; with 12 the broker adds
 * the partition to the transaction (KIP-890).
 */
import { createAPI, Writer } from '@platformatic/kafka'
import { Decoder, Encoder, type TopicPartition } from './wire.ts'

export interface ProducePartition extends TopicPartition {
  /** A finished record batch. */
  readonly records: Buffer
}

export interface ProduceResult extends TopicPartition {
  readonly errorCode: number
  /**
   * The offset of the batch's first record, also for a repetition that the broker remembers; otherwise -1.
   */
  readonly baseOffset: number
  /** The broker's time of arrival, ms since the epoch; -1 if the topic keeps the producer's. */
  readonly appendTime: number
}

const ALL_IN_SYNC_REPLICAS = -1
/** Less than the client waits, so that a broker with slow followers still reports them itself. */
const BROKER_TIMEOUT_MS = 8000

function request(transactionalId: string | null, partitions: readonly ProducePartition[]): Writer {
  const to = new Encoder()
  const writer = Writer.create()
  to.string(transactionalId)
    .int16(ALL_IN_SYNC_REPLICAS)
    .int32(BROKER_TIMEOUT_MS)
    .byTopic(partitions, ({ partition, records }) => {
      to.int32(partition).count(records.length)
      writer.append(to.take()).append(records)
      to.tags()
    })
  return writer.append(to.tags().take())
}

function response(from: Decoder): ProduceResult[] {
  return from.byTopic((topic) => {
    const result = {
      topic,
      partition: from.int32(),
      errorCode: from.int16(),
      baseOffset: from.number64(),
      appendTime: from.number64(),
    }
    from.raw(8) // log start
    from.array(() => {
      // errors of single records
      from.int32()
      from.string()
      from.tags()
    })
    from.string() // error message
    from.tags()
    return result
  })
}

const version = (number: number) =>
  createAPI<[transactionalId: string | null, partitions: readonly ProducePartition[]], ProduceResult[]>(
    0,
    number,
    request,
    (_correlation, _key, _version, reader) => response(Decoder.of(reader)),
  )

export const produceV9 = version(9)
/** The first version that may carry a transaction under transaction.version 2, and must not without it. */
export const produceV12 = version(12)
