/** Pushes the records of a shard to a subscriber as they arrive. */
import type { Reading, RecordBatch } from '@weir/kafka'
import { childrenOf, type FanOutConsumer, type Serving, type Shard } from '@weir/streams'
import { type Kinesis, requireLease, shardIn } from '../kinesis.ts'
import { millisBehind, recordsOf } from './reading.ts'
import { describeChild } from './shards.ts'

/** An event without records is sent this long after the last event. */
const QUIET_MS = 2000
/** The interval between checks that the subscription may continue. */
const CHECK_MS = QUIET_MS / 8
/** The maximum batch size of the broker port. */
const EVENT_RECORDS = 10_000

export interface Subscription {
  readonly consumer: FanOutConsumer
  readonly serving: Serving
  readonly shard: Shard
  /** The offset of the first record. */
  readonly from: number
  /** Throws an AwsError if the subscriber has lost its right. */
  readonly authorize: () => void
  /** Resolves when the next event may be sent, so that a slow client slows the reading. */
  readonly send: (event: object) => Promise<void>
}

/**
 * Resolves at the end of the shard, or when `ended` resolves. Rejects with an AwsError if the stream, the
 * consumer or the right is gone.
 */
export async function push(
  kinesis: Kinesis,
  subscription: Subscription,
  ended: Promise<void>,
): Promise<void> {
  const { kafka, streams, names } = kinesis
  const {
    consumer,
    serving: {
      stream: { name, topic, createdAt },
    },
    shard,
    authorize,
    send,
  } = subscription
  let position = subscription.from
  let behind = 0
  /** Arrival time of the last record sent, ms since the epoch. */
  let heardAt = Date.now()
  let heard = performance.now()
  const finished = Promise.withResolvers<void>()
  finished.promise.catch(() => {}) // it may reject before the race below begins
  void ended.then(finished.resolve)

  /** The shard's current state: it may have been closed in the meantime. */
  const now = (): { serving: Serving; shard: Shard } => {
    authorize()
    const serving = streams.get(name)
    const current = serving?.stream.createdAt === createdAt ? shardIn(serving.stream, shard.id) : undefined
    if (serving === undefined || current === undefined) throw names.shardGone(shard.id, name)
    const isRegistered = streams.fanOut.get(name, consumer.name)?.createdAt === consumer.createdAt
    if (!isRegistered) throw names.noConsumer(names.consumerArnOf(consumer))
    requireLease(kinesis)
    return { serving, shard: current }
  }
  const sendEvent = async (
    records: object[],
    { serving, shard: current }: ReturnType<typeof now>,
  ): Promise<void> => {
    heard = performance.now()
    const over = current.to !== null && position >= current.to
    await send({
      Records: records,
      ContinuationSequenceNumber: over ? undefined : serving.numbersOf(current).before(position, heardAt),
      MillisBehindLatest: behind,
      ChildShards: over ? childrenOf(serving.stream, shard.id).map(describeChild) : undefined,
    })
    if (over) finished.resolve()
  }
  /** Sends several events if one would be too large. */
  const take = async (batch: RecordBatch): Promise<void> => {
    let taken = 0
    do {
      const current = now()
      const { records, next } = recordsOf(batch, current.serving, current.shard, EVENT_RECORDS, taken)
      taken += records.length
      position = next
      behind = millisBehind(batch, current.shard, next, taken)
      if (records.length === 0) return
      heardAt = batch.timestamps[taken - 1]
      await sendEvent(records, current)
    } while (taken < batch.length)
  }
  const quiet = setInterval(() => {
    try {
      const current = now()
      const over = current.shard.to !== null && position >= current.shard.to
      if (over || performance.now() - heard > QUIET_MS) sendEvent([], current).catch(finished.reject)
    } catch (error) {
      finished.reject(error)
    }
  }, CHECK_MS)
  let reading: Reading | undefined
  try {
    const end = now().shard.to
    if (end !== null && position >= end) await sendEvent([], now())
    const offsets: number[] = []
    offsets[shard.partition] = position
    const from = { offsets: new Map([[topic, offsets]]) }
    reading = await kafka.read(
      { topics: [topic], partitions: [shard.partition], from, until: 'stopped' },
      (batch) => take(batch).catch(finished.reject),
    )
    await Promise.race([finished.promise, reading.done])
  } finally {
    clearInterval(quiet)
    await reading?.stop()
  }
}
