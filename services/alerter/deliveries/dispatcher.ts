/**
 * Reads messages and due deliveries, and begins an attempt for each subscription that gets them. The next
 * batch does not wait for attempts; a partition's offset is committed when all attempts before it are finished
 * or wait in Kafka.
 */
import type { Codec } from '@weir/codec'
import { type Kafka, Once, type RecordBatch, totalLag } from '@weir/kafka'
import { type Logger, type Resource, watchGroup } from '@weir/service'
import { pause } from '@weir/timing'
import { HandlerHealth, openRecords } from '@weir/topics'
import { Dispatch, type DispatchOptions } from './dispatch.ts'
import { type Finished, openFinished } from './finished.ts'
import { openMessages } from './messages.ts'

export interface Dispatcher {
  /** False while this replica does not read messages. */
  ready(): boolean
  /** The part of all messages that this replica delivers, more than 0 and at most 1. */
  share(): number
  /** Messages and due deliveries that were not read yet, in the partitions of this replica. */
  lag(): number
}

export interface DispatcherOptions extends DispatchOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

const MESSAGES = 'weir.notifications'
const DUE = 'weir.notifications.due'
const GROUP = 'alerter.deliveries'
const BATCH_RECORDS = 500
/** SNS developer guide, "Message deduplication for FIFO topics". */
const DEDUPLICATION_MS = 5 * 60_000
/** How often to check whether there is room again. */
const LOOK_MS = 20

export async function openDispatcher(options: DispatcherOptions): Promise<Resource<Dispatcher>> {
  const { kafka, codec, log } = options
  const [readFinished, messages, messageRecords, dueRecords, partitions] = await Promise.all([
    openFinished(kafka, codec, log),
    openMessages(kafka, codec, log),
    openRecords({ codec, topic: MESSAGES, reader: 'deliveries', log }),
    openRecords({ codec, topic: DUE, reader: 'deliveries', log }),
    kafka.partitions(MESSAGES),
  ])
  /** Deliveries that were finished before this member got the partition, by the signal of the assignment. */
  const finishedOf = new WeakMap<AbortSignal, Promise<Finished>>()

  const finished = (batch: RecordBatch, signal: AbortSignal): Promise<Finished> => {
    let found = finishedOf.get(signal)
    if (found === undefined) {
      const at = { partition: batch.partition, retry: batch.topic === DUE }
      found = readFinished(at, { offset: batch.offsets[0], timestamp: batch.timestamps[0] }, signal)
      found.catch(() => finishedOf.delete(signal))
      finishedOf.set(signal, found)
    }
    return found
  }

  const once = new Once({ kafka, windowMs: DEDUPLICATION_MS, log })
  const health = new HandlerHealth()
  const subscription = await kafka.consume(
    { groupId: GROUP, topics: [MESSAGES, DUE], startAt: 'earliest', maxBatchRecords: BATCH_RECORDS },
    health.watch(async (batch: RecordBatch, signal: AbortSignal) => {
      const before = await finished(batch, signal)
      before.passed(batch.offsets[0])
      const dispatch = new Dispatch(options, messages, before, batch, signal)
      if (batch.topic === DUE) {
        await dueRecords.prepare(batch)
        dueRecords.each(batch, ({ value, offset }) => value && dispatch.due(value, offset))
      } else {
        await once.prepare(batch, signal)
        await messageRecords.prepare(batch)
        messageRecords.each(batch, (record) => {
          if (record.value !== null && !once.seen(batch, record.index))
            dispatch.message(record.value, record.offset)
        })
      }
      while (options.held.isFull && !signal.aborted) await pause(LOOK_MS, signal)
      return { done: dispatch.done() }
    }),
  )
  const unwatch = watchGroup(subscription, kafka)
  return {
    value: {
      ready: () => health.ready(subscription),
      share: () => {
        const own = subscription.assignments().filter(({ topic }) => topic === MESSAGES).length
        return Math.max(1, own) / partitions
      },
      lag: () => totalLag(subscription.assignments()),
    },
    stop: async (drainMs) => {
      unwatch()
      await subscription.stop(drainMs)
    },
  }
}
