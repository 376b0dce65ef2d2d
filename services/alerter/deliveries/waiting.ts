/**
 * Keeps deliveries until they are due, in Kafka. Partition k of the topic keeps each for 125 ms × 2^k, so the
 * first record of a partition is always the next one that leaves it. A delivery passes as many partitions as its
 * wait has powers of two.
 */
import type { Codec } from '@weir/codec'
import { type DueDelivery, WAITING_PARTITIONS } from '@weir/contracts'
import {
  type Appender,
  appendRecord,
  encodeValue,
  type Kafka,
  partitionOfKey,
  type Task,
  totalLag,
} from '@weir/kafka'
import { type Logger, type Resource, watchGroup } from '@weir/service'
import { openRecords } from '@weir/topics'
import { HELD } from '../incidents/quiet.ts'
import { homeOf } from '../notifications/publisher.ts'
import { heldIn } from './holding.ts'

const ATTEMPTS = 'weir.notifications.attempts'
const WAITING = 'weir.notifications.waiting'
const DUE = 'weir.notifications.due'
const SHORTEST_MS = 125
/** Most attempts succeed: a transaction for each few of them would cost Kafka more than the deliveries do. */
const GATHER = { ms: 100, bytes: 256 << 10 }

/** Returns the partition in which a delivery waits next. */
export function partitionOfWait(waitMs: number): number {
  return Math.min(WAITING_PARTITIONS - 1, Math.max(0, Math.floor(Math.log2(waitMs / SHORTEST_MS))))
}

/** Returns how long a partition keeps deliveries. */
export const keptMs = (partition: number): number => SHORTEST_MS * 2 ** partition

export interface Waiting {
  ready(): boolean
  /** The deliveries that wait in the partitions of this replica. */
  lag(): number
}

export interface WaitingOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

/** Moves deliveries: from attempts that failed to where they wait, from there to where they wait next, or are due. */
export async function openWaiting({ kafka, codec, log }: WaitingOptions): Promise<Resource<Waiting>> {
  const [attempts, waiting, writer] = await Promise.all([
    openRecords({ codec, topic: ATTEMPTS, reader: 'waiting', log }),
    openRecords({ codec, topic: WAITING, reader: 'waiting', log }),
    codec.writer(WAITING),
  ])
  const [dueWriter, heldWriter] = await Promise.all([codec.writer(DUE), codec.writer(HELD)])
  const [partitions, heldPartitions] = await Promise.all([kafka.partitions(DUE), kafka.partitions(HELD)])

  /** Appends a delivery to where it waits next, or to where it is due. */
  const move = (delivery: DueDelivery, now: number, home: number, out: Appender): void => {
    const waitMs = delivery.dueAt - now
    const key = delivery.subscription
    if (waitMs < SHORTEST_MS)
      appendRecord(out, { topic: DUE, partition: home, key, value: encodeValue(dueWriter, delivery) })
    else
      appendRecord(out, {
        topic: WAITING,
        partition: partitionOfWait(waitMs),
        key,
        value: encodeValue(writer, delivery),
      })
  }

  const inlet: Task = {
    async process(batch, out) {
      await attempts.prepare(batch)
      const now = Date.now()
      attempts.each(batch, ({ value }) => {
        if (value === null || value.dueAt === null) return
        const held = heldIn(value)
        if (held !== undefined) {
          const key = held.subscription
          const partition = partitionOfKey(key, heldPartitions)
          return appendRecord(out, { topic: HELD, partition, key, value: encodeValue(heldWriter, held) })
        }
        const { subscription, topic, messageId, partition, offset, attempts: made, dueAt, deadLetter } = value
        const delivery = {
          subscription,
          topic,
          messageId,
          partition,
          offset,
          attempts: made,
          dueAt,
          deadLetter,
        }
        move(delivery, now, batch.partition, out)
      })
    },
  }

  const wheel: Task = {
    async process(batch, out) {
      await waiting.prepare(batch)
      const now = Date.now()
      waiting.each(batch, ({ value }) => {
        if (value === null) return
        const { partition, subscription } = value
        // A delivery is due in the partition of its message.
        move(value, now, partition < 0 ? homeOf(subscription, partitions) : partition, out)
      })
    },
  }

  const subscriptions = await Promise.all([
    kafka.transform(
      { groupId: 'alerter.attempts', topics: [ATTEMPTS], startAt: 'earliest', gather: GATHER },
      () => inlet,
    ),
    kafka.transform(
      { groupId: 'alerter.waiting', topics: [WAITING], startAt: 'earliest', delayMs: keptMs },
      () => wheel,
    ),
  ])
  const unwatch = subscriptions.map((subscription) => watchGroup(subscription, kafka))
  return {
    value: {
      ready: () => subscriptions.every((subscription) => subscription.ready()),
      lag: () => totalLag(subscriptions[1].assignments()),
    },
    stop: async (drainMs) => {
      for (const end of unwatch) end()
      await Promise.all(subscriptions.map((subscription) => subscription.stop(drainMs)))
    },
  }
}
