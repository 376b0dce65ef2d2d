/**
 * Delivery streams, and the topics of those whose records are put directly. The replica that changes a delivery
 * stream creates or deletes its topic. If that takes too long, any other replica does it: every step can be
 * repeated.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Codec } from '@weir/codec'
import { MAX_BATCH_BYTES } from '@weir/contracts/topic-configs.ts'
import {
  type DeliveryStream,
  type DeliveryStreams,
  DIRECT_PARTITIONS,
  DIRECT_RETENTION_HOURS,
  openDeliveryStreams,
  PROCESSED_PREFIX,
} from '@weir/deliveries'
import type { Admin, Kafka, TopicSpec } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'

export interface LifecycleOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  /** Replicas of the topics; -1: the broker's default. */
  readonly replicas: number
  readonly log: Logger
}

/** How often unfinished changes are checked (ms). */
const LOOK_MS = 250
/** How long a replica has to finish its own changes before others do (ms). */
const OTHERS_MS = 3000
const RETRY_MS = 1000
/** The most changes that a replica finishes at a time. */
const AT_ONCE = 8
/** How long brokers may take to forget a deleted topic (ms). */
const FORGET_MS = 15_000
const HOUR_MS = 3_600_000
/** max.message.bytes of processed records: the largest records of streams have 10 MiB. */
const MAX_PROCESSED_BATCH_BYTES = 12 << 20
const UNFINISHED = 'a change of a delivery stream is not complete yet and is retried'

/** Delivery streams whose changes are finished here. */
export async function openLifecycle(options: LifecycleOptions): Promise<Resource<DeliveryStreams>> {
  /** When an unfinished delivery stream is to be looked at here, as performance.now(). */
  const due = new Map<string, number>()
  const busy = new Set<string>()
  let stopped = false

  const { value: streams, stop } = await openDeliveryStreams({
    ...options,
    changed(name, stream) {
      if (stream === undefined || stream.status === 'ACTIVE') due.delete(name)
      else if (!due.has(name)) due.set(name, performance.now() + OTHERS_MS)
    },
  })

  const finish = async (stream: DeliveryStream): Promise<void> => {
    const { name, status } = stream
    busy.add(name)
    try {
      const work = status === 'CREATING' ? create : remove
      await work(stream, streams, options)
    } catch (error) {
      if (!stopped) options.log.warn({ err: error, deliveryStream: name, status }, UNFINISHED)
      if (due.has(name)) due.set(name, performance.now() + RETRY_MS)
    } finally {
      busy.delete(name)
      look()
    }
  }

  function look(): void {
    if (stopped) return
    for (const [name, at] of due) {
      if (busy.size === AT_ONCE) return
      if (at <= performance.now() && !busy.has(name)) void finish(streams.byName.get(name)!)
    }
  }
  const looking = setInterval(look, LOOK_MS)

  /** The replica that decided a change finishes it at once. */
  const own = async (name: string, change: Promise<void>): Promise<void> => {
    await change
    if (due.has(name)) due.set(name, 0)
    look()
  }

  return {
    value: {
      ...streams,
      create: (stream, check) => own(stream.name, streams.create(stream, check)),
      change: (name, decide) => own(name, streams.change(name, decide)),
    },
    stop: (drainMs) => {
      stopped = true
      clearInterval(looking)
      return stop(drainMs)
    },
  }
}

async function create(
  stream: DeliveryStream,
  streams: DeliveryStreams,
  { kafka: { admin }, replicas }: LifecycleOptions,
): Promise<void> {
  const { name, topic, type, destination, startOffsets } = stream
  if (type === 'DirectPut')
    await createTopic(admin, {
      name: topic,
      partitions: DIRECT_PARTITIONS,
      replicas,
      configs: DIRECT_CONFIGS,
    })
  if (destination.processing !== undefined) {
    // As many as the source had; it may have more when this is tried again.
    const partitions = startOffsets?.length ?? DIRECT_PARTITIONS
    await createTopic(admin, {
      name: PROCESSED_PREFIX + name,
      partitions,
      replicas,
      configs: PROCESSED_CONFIGS,
    })
  }
  let current: DeliveryStream | undefined
  await streams.change(name, (found) => {
    current = found
    return isSame(found, stream) ? { ...found!, status: 'ACTIVE' } : found
  })
  // Another replica has finished the creation, and the delivery stream was deleted since.
  if (current === undefined) await deleteTopics(admin, ownTopics(stream))
}

/** The topics that are created and deleted with the delivery stream. */
const ownTopics = ({ name, topic, type, destination }: DeliveryStream): string[] => [
  ...(type === 'DirectPut' ? [topic] : []),
  ...(destination.processing === undefined ? [] : [PROCESSED_PREFIX + name]),
]

const DIRECT_CONFIGS = {
  'cleanup.policy': 'delete',
  'message.timestamp.type': 'LogAppendTime',
  'retention.ms': String(DIRECT_RETENTION_HOURS * HOUR_MS),
  'max.message.bytes': String(MAX_BATCH_BYTES),
}
const PROCESSED_CONFIGS = { ...DIRECT_CONFIGS, 'max.message.bytes': String(MAX_PROCESSED_BATCH_BYTES) }

async function createTopic(admin: Admin, topic: TopicSpec): Promise<void> {
  const inSync: Record<string, string> = topic.replicas >= 3 ? { 'min.insync.replicas': '2' } : {}
  await admin.createTopics([{ ...topic, configs: { ...topic.configs, ...inSync } }])
}

async function deleteTopics(admin: Admin, topics: readonly string[]): Promise<void> {
  if (topics.length > 0) await admin.deleteTopics(topics)
}

async function remove(
  stream: DeliveryStream,
  streams: DeliveryStreams,
  { kafka: { admin } }: LifecycleOptions,
): Promise<void> {
  const topics = ownTopics(stream)
  await deleteTopics(admin, topics)
  // A new delivery stream of that name must not get a topic that is about to go.
  for (const topic of topics)
    for (const deadline = Date.now() + FORGET_MS; await has(admin, topic); await sleep(100))
      if (Date.now() > deadline) throw new Error(`The brokers still have the topic ${topic}.`)
  await streams.change(stream.name, (found) => (isSame(found, stream) ? undefined : found))
}

const has = async (admin: Admin, topic: string): Promise<boolean> =>
  (await admin.topics()).some(({ name }) => name === topic)

/** Whether it is still the same delivery stream, in the same state. */
const isSame = (found: DeliveryStream | undefined, stream: DeliveryStream): boolean =>
  found?.id === stream.id && found.status === stream.status
