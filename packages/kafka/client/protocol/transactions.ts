/** InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn, TxnOffsetCommit and EndTxn. */
import { createAPI } from '@platformatic/kafka'
import { type CodeOf, type Committer, type OffsetOf, readCodes, writeOffsets } from './offsets.ts'
import { Decoder, Encoder, type TopicPartition } from './wire.ts'

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** An open transaction's owner. */
export interface Transaction extends ProducerIdentity {
  readonly transactionalId: string
}

/**
 * With a transactional id, returns a new epoch, which fences every earlier holder and aborts what it left
 * open. Without one, returns a new id for idempotent writing.
 * @param held the identity that the caller has. It is refused (PRODUCER_FENCED) if the id has a later holder.
 */
export const initProducerId = createAPI<
  [transactionalId: string | null, timeout: number, held?: ProducerIdentity],
  ProducerIdentity & { errorCode: number }
>(
  22,
  4,
  (transactionalId: string | null, timeout: number, held?: ProducerIdentity) =>
    new Encoder()
      .string(transactionalId)
      .int32(timeout)
      .int64(held?.producerId ?? -1)
      .int16(held?.producerEpoch ?? -1)
      .tags()
      .request(),
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    return { errorCode: from.int16(), producerId: from.int64(), producerEpoch: from.int16() }
  },
)

export const addPartitionsToTxn = createAPI<
  [transaction: Transaction, partitions: readonly TopicPartition[]],
  CodeOf[]
>(
  24,
  3,
  (transaction: Transaction, partitions: readonly TopicPartition[]) => {
    const to = new Encoder()
    return owner(to, transaction)
      .byTopic(partitions, ({ partition }) => to.int32(partition))
      .tags()
      .request()
  },
  (_correlation, _key, _version, reader) => readCodes(Decoder.of(reader)),
)

export const addOffsetsToTxn = createAPI<[transaction: Transaction, groupId: string], { errorCode: number }>(
  25,
  3,
  (transaction: Transaction, groupId: string) =>
    owner(new Encoder(), transaction).string(groupId).tags().request(),
  (_correlation, _key, _version, reader) => {
    const from = Decoder.of(reader)
    from.int32() // throttle time
    return { errorCode: from.int16() }
  },
)

const txnOffsetCommitVersion = (version: number) =>
  createAPI<
    [transaction: Transaction, groupId: string, committer: Committer, offsets: readonly OffsetOf[]],
    CodeOf[]
  >(
    28,
    version,
    (
      { transactionalId, producerId, producerEpoch }: Transaction,
      groupId: string,
      { memberId, epoch, instanceId }: Committer,
      offsets: readonly OffsetOf[],
    ) => {
      const to = new Encoder()
      to.string(transactionalId)
        .string(groupId)
        .int64(producerId)
        .int16(producerEpoch)
        .int32(epoch)
        .string(memberId)
        .string(instanceId)
      return writeOffsets(to, offsets).tags().request()
    },
    (_correlation, _key, _version, reader) => readCodes(Decoder.of(reader)),
  )

export const txnOffsetCommitV3 = txnOffsetCommitVersion(3)
/** Also adds the group to the transaction (KIP-890). */
export const txnOffsetCommitV5 = txnOffsetCommitVersion(5)

export interface EndTxnResult extends ProducerIdentity {
  readonly errorCode: number
}

const endTxnVersion = (version: number) =>
  createAPI<[transaction: Transaction, commit: boolean], EndTxnResult>(
    26,
    version,
    (transaction: Transaction, commit: boolean) =>
      owner(new Encoder(), transaction).bool(commit).tags().request(),
    (_correlation, _key, apiVersion, reader) => {
      const from = Decoder.of(reader)
      from.int32() // throttle time
      const errorCode = from.int16()
      return apiVersion < 5
        ? { errorCode, producerId: -1n, producerEpoch: -1 }
        : { errorCode, producerId: from.int64(), producerEpoch: from.int16() }
    },
  )

export const endTxnV3 = endTxnVersion(3)
/** Returns the epoch of the next transaction, so that a late EndTxn cannot reach it (KIP-890). */
export const endTxnV5 = endTxnVersion(5)

function owner(to: Encoder, { transactionalId, producerId, producerEpoch }: Transaction): Encoder {
  return to.string(transactionalId).int64(producerId).int16(producerEpoch)
}
