/**
 * ApiVersions, Metadata and FindCoordinator, by which the driver finds the brokers to ask. The versions are
 * those of Kafka 2.8, which newer brokers keep.
 */
import { createAPI } from '@platformatic/kafka'
import { Decoder, Encoder } from './wire.ts'

export interface BrokerVersions {
  /** The newest version of each request that the broker supports, by request number. */
  readonly newest: ReadonlyMap<number, number>
  /** Finalized features of the cluster, for instance `transaction.version`. */
  readonly features: ReadonlyMap<string, number>
}

const FINALIZED_FEATURES = 2

export const apiVersions = createAPI<[], BrokerVersions & { errorCode: number }>(
  18,
  3,
  () => new Encoder().string('weir').string('1').tags().request(),
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    const newest = new Map<number, number>()
    const features = new Map<string, number>()
    const errorCode = from.int16()
    // A broker that does not know version 3 answers in the format of version 0.
    if (errorCode !== 0) return { errorCode, newest, features }
    from.array(() => {
      const key = from.int16()
      from.int16() // oldest version
      newest.set(key, from.int16())
      from.tags()
    })
    from.int32() // throttle time
    from.tags((tag, field) => {
      if (tag !== FINALIZED_FEATURES) return
      field.array(() => {
        features.set(field.string() ?? '', field.int16())
        field.int16() // least level
        field.tags()
      })
    })
    return { errorCode, newest, features }
  },
  true,
  false,
)

export interface Broker {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

export interface PartitionMetadata {
  readonly partition: number
  /** -1 if there is none now */
  readonly leader: number
  readonly leaderEpoch: number
}

export interface TopicMetadata {
  readonly errorCode: number
  readonly topic: string
  /** Hex; all zeros before Kafka 2.8. */
  readonly topicId: string
  /** Sorted by partition. */
  readonly partitions: readonly PartitionMetadata[]
}

export interface ClusterMetadata {
  readonly brokers: readonly Broker[]
  /** Node id of the broker that accepts changes. */
  readonly controllerId: number
  readonly topics: readonly TopicMetadata[]
}

const NO_ID = '0'.repeat(32)

export const metadata = createAPI<[topics: readonly string[]], ClusterMetadata>(
  3,
  11,
  (topics: readonly string[]) => {
    const to = new Encoder()
    return to
      .array(topics, (topic) => to.uuid(NO_ID).string(topic).tags())
      .bool(false) // never create topics by asking for them
      .bool(false)
      .tags()
      .request()
  },
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    const brokers = from.array(() => {
      const broker = { nodeId: from.int32(), host: from.string() ?? '', port: from.int32() }
      from.string() // rack
      from.tags()
      return broker
    })
    from.string() // cluster id
    const controllerId = from.int32()
    const topics = from.array(() => {
      const head = { errorCode: from.int16(), topic: from.string() ?? '', topicId: from.uuid() }
      from.bool() // internal
      const partitions = from.array(() => {
        from.int16() // error: seen as leader -1
        const partition = { partition: from.int32(), leader: from.int32(), leaderEpoch: from.int32() }
        for (let list = 0; list < 3; list++) from.array(() => from.int32()) // replicas, in sync, offline
        from.tags()
        return partition
      })
      from.int32() // authorized operations
      from.tags()
      return { ...head, partitions: partitions.sort((a, b) => a.partition - b.partition) }
    })
    return { brokers, controllerId, topics }
  },
)

export const GROUP = 0
export const TRANSACTION = 1
export type CoordinatorKind = typeof GROUP | typeof TRANSACTION

export const findCoordinator = createAPI<
  [key: string, kind: CoordinatorKind],
  { errorCode: number; broker: Broker }
>(
  10,
  3,
  (key: string, kind: CoordinatorKind) => new Encoder().string(key).int8(kind).tags().request(),
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    const errorCode = from.int16()
    from.string() // error message
    return { errorCode, broker: { nodeId: from.int32(), host: from.string() ?? '', port: from.int32() } }
  },
)
