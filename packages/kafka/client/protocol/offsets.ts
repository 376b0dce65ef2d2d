/** ListOffsets, OffsetFetch and OffsetCommit. */
import { createAPI } from '@platformatic/kafka'
import { type Committed, metadataOf, topicIdIn } from '../topic-ids.ts'
import { Decoder, Encoder, type TopicPartition } from './wire.ts'

/** An offset to be committed. */
export interface OffsetOf extends TopicPartition {
  readonly topicId: string
  readonly offset: number
}

export interface CommittedResult extends TopicPartition, Committed {
  readonly errorCode: number
}

export interface ListedOffset extends TopicPartition {
  readonly errorCode: number
  readonly offset: number
}

export interface CodeOf extends TopicPartition {
  readonly errorCode: number
}

/** Replace a time in ListOffsets. */
export const LATEST = -1
export const EARLIEST = -2
export const READ_UNCOMMITTED = 0
export const READ_COMMITTED = 1

/**
 * `time` is in milliseconds, or LATEST (the last stable offset, or the end if uncommitted) or EARLIEST. The answer's offset is -1 if no
 * record is that recent.
 */
type OffsetQuestion = TopicPartition & { readonly leaderEpoch: number; readonly time: number }

export const listOffsets = createAPI<
  [partitions: readonly OffsetQuestion[], isolation: number],
  ListedOffset[]
>(
  2,
  6,
  (partitions: readonly OffsetQuestion[], isolation: number) => {
    const to = new Encoder()
    return to
      .int32(-1)
      .int8(isolation)
      .byTopic(partitions, ({ partition, leaderEpoch, time }) =>
        to.int32(partition).int32(leaderEpoch).int64(time).tags(),
      )
      .tags()
      .request()
  },
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    return from.byTopic((topic) => {
      const head = { topic, partition: from.int32(), errorCode: from.int16() }
      from.int64() // time of that record
      const offset = from.number64()
      from.int32() // leader epoch
      from.tags()
      return { ...head, offset }
    })
  },
)

export interface CommittedOffsets {
  readonly errorCode: number
  readonly partitions: readonly CommittedResult[]
}

/**
 * Sets requireStable: the answer is UNSTABLE_OFFSET_COMMIT while a transaction over a partition's offset is
 * open. An offset of -1 means that none was committed.
 */
export const offsetFetch = createAPI<
  [groupId: string, partitions: readonly TopicPartition[]],
  CommittedOffsets
>(
  9,
  7,
  (groupId: string, partitions: readonly TopicPartition[]) => {
    const to = new Encoder()
    return to
      .string(groupId)
      .byTopic(partitions, ({ partition }) => to.int32(partition))
      .bool(true)
      .tags()
      .request()
  },
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    const partitions = from.byTopic((topic) => {
      const head = { topic, partition: from.int32(), offset: from.number64() }
      from.int32() // leader epoch
      const topicId = topicIdIn(from.string())
      const errorCode = from.int16()
      from.tags()
      return { ...head, topicId, errorCode }
    })
    return { errorCode: from.int16(), partitions }
  },
)

/**
 * The member that commits: its id, and the generation or member epoch by which the group fences earlier
 * members.
 */
export interface Committer {
  readonly memberId: string
  readonly epoch: number
  /** null for a member without a lasting name. */
  readonly instanceId: string | null
}

const offsetCommitVersion = (version: number) =>
  createAPI<[groupId: string, committer: Committer, offsets: readonly OffsetOf[]], CodeOf[]>(
    8,
    version,
    (groupId: string, { memberId, epoch, instanceId }: Committer, offsets: readonly OffsetOf[]) => {
      const to = new Encoder()
      to.string(groupId).int32(epoch).string(memberId).string(instanceId)
      return writeOffsets(to, offsets).tags().request()
    },
    (_correlation, _key, _version, reader) => readCodes(Decoder.of(reader)),
  )

export const offsetCommitV8 = offsetCommitVersion(8)
/** The first version that supports groups of the consumer protocol (KIP-848). */
export const offsetCommitV9 = offsetCommitVersion(9)

export function writeOffsets(to: Encoder, offsets: readonly OffsetOf[]): Encoder {
  return to.byTopic(offsets, ({ partition, offset, topicId }) =>
    to.int32(partition).int64(offset).int32(-1).string(metadataOf(topicId)).tags(),
  )
}

export function readCodes(from: Decoder): CodeOf[] {
  from.int32() // throttle time
  return from.byTopic((topic) => {
    const code = { topic, partition: from.int32(), errorCode: from.int16() }
    from.tags()
    return code
  })
}
