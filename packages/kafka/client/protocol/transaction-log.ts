/**
 * Records of `__transaction_state`, in which coordinators write their decisions (TransactionLogKey.json and
 * TransactionLogValue.json of Kafka's sources).
 */
import { Decoder, type TopicPartition } from './wire.ts'

export const TRANSACTION_LOG = '__transaction_state'

/** States in which the outcome is decided and the partitions have yet to be notified. */
const PREPARE_COMMIT = 2
const PREPARE_ABORT = 3
/** The first version with compact strings and tagged fields. */
const FLEXIBLE = 1

export interface Decision {
  readonly producerId: bigint
  /** The epoch of the markers. */
  readonly producerEpoch: number
  readonly commit: boolean
  readonly partitions: readonly TopicPartition[]
}

/**
 * The partition whose leader coordinates the transactional id: `Utils.abs(id.hashCode()) % count` of Kafka's
 * sources.
 */
export function coordinatingPartition(transactionalId: string, count: number): number {
  let hash = 0
  for (let i = 0; i < transactionalId.length; i++)
    hash = (Math.imul(hash, 31) + transactionalId.charCodeAt(i)) | 0
  return hash === -(2 ** 31) ? 0 : Math.abs(hash) % count
}

/** The key is the transactional id. */
export function readKey(key: Buffer): string | undefined {
  return key.length >= 4 && key.readInt16BE(0) === 0
    ? key.toString('utf8', 4, 4 + key.readInt16BE(2))
    : undefined
}

/** Returns undefined for a record of another state. Throws a RangeError if the bytes end too early. */
export function readDecision(value: Buffer): Decision | undefined {
  const from = new Decoder(value)
  const flexible = from.int16() >= FLEXIBLE
  const producerId = from.int64()
  const producerEpoch = from.int16()
  from.int32() // timeout
  const state = from.int8()
  if (state !== PREPARE_COMMIT && state !== PREPARE_ABORT) return undefined
  const partitions = flexible
    ? from.byTopic((topic) => ({ topic, partition: from.int32() }))
    : classicArray(from, () => {
        const topic = from.raw(from.int16()).toString()
        return classicArray(from, () => ({ topic, partition: from.int32() }))
      }).flat()
  return { producerId, producerEpoch, commit: state === PREPARE_COMMIT, partitions }
}

function classicArray<T>(from: Decoder, read: () => T): T[] {
  const items: T[] = []
  for (let left = from.int32(); left > 0; left--) items.push(read())
  return items
}
