/**
 * DescribeProducers and WriteTxnMarkers, which show a transaction that is open in a partition, and end it
 * there.
 */
import { createAPI } from '@platformatic/kafka'
import type { CodeOf } from './offsets.ts'
import type { ProducerIdentity } from './transactions.ts'
import { Decoder, Encoder, type TopicPartition } from './wire.ts'

export interface OpenTransactions extends CodeOf {
  /** The producers with an open transaction in the partition. */
  readonly producers: readonly ProducerIdentity[]
}

export const describeProducers = createAPI<[partitions: readonly TopicPartition[]], OpenTransactions[]>(
  61,
  0,
  (partitions: readonly TopicPartition[]) => {
    const to = new Encoder()
    return to
      .byTopic(partitions, ({ partition }) => to.int32(partition))
      .tags()
      .request()
  },
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    return from.byTopic((topic) => {
      const head = { topic, partition: from.int32(), errorCode: from.int16() }
      from.string() // error message
      const producers = from.array(() => {
        const producerId = from.int64()
        const producerEpoch = from.int32()
        from.int32() // last sequence
        from.int64() // last timestamp
        from.int32() // coordinator epoch
        const startOffset = from.number64()
        from.tags()
        return { producerId, producerEpoch, startOffset }
      })
      from.tags()
      return { ...head, producers: producers.filter(({ startOffset }) => startOffset >= 0) }
    })
  },
)

export interface Marker {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly commit: boolean
  /** The leader epoch of the coordinator's partition: brokers refuse an older coordinator's markers. */
  readonly coordinatorEpoch: number
  readonly partitions: readonly TopicPartition[]
}

export const writeTxnMarkers = createAPI<[marker: Marker], CodeOf[]>(
  27,
  1,
  ({ producerId, producerEpoch, commit, coordinatorEpoch, partitions }: Marker) => {
    const to = new Encoder()
    return to
      .array([undefined], () => {
        to.int64(producerId)
          .int16(producerEpoch)
          .bool(commit)
          .byTopic(partitions, ({ partition }) => to.int32(partition))
          .int32(coordinatorEpoch)
          .tags()
      })
      .tags()
      .request()
  },
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    return from
      .array(() => {
        from.int64() // producer id
        const codes = from.byTopic((topic) => {
          const code = { topic, partition: from.int32(), errorCode: from.int16() }
          from.tags()
          return code
        })
        from.tags()
        return codes
      })
      .flat()
  },
)
