/** Processes the records of delivery streams. Every replica runs all of them, and the group of each shares out the partitions. */
import type { Account } from '@weir/aws'
import type { Codec } from '@weir/codec'
import { beginDelivery, type DeliveryStream, deliveredTopic, openDeliveryStreams } from '@weir/deliveries'
import type { Kafka } from '@weir/kafka'
import { type Logger, type Resource, stage, watchGroup } from '@weir/service'
import type { Streams } from '@weir/streams'
import { pause } from '@weir/timing'
import type { Functions } from '../functions/functions.ts'
import { ProcessingTask } from './processing-task.ts'

export interface Processings {
  /** False while a delivery stream is not read, or the control log is not followed. */
  ready(): boolean
}

export interface ProcessingsOptions {
  readonly account: Account
  readonly codec: Codec
  readonly functions: Pick<Functions, 'invoke'>
  readonly kafka: Kafka
  readonly streams: Pick<Streams, 'get'>
  readonly log: Logger
}

interface Running {
  readonly id: string
  /** The buffering with which it runs. */
  readonly gather: Gather | undefined
  readonly ready: () => boolean
  readonly stop: (drainMs: number) => Promise<void>
}

interface Gather {
  readonly ms: number
  readonly bytes: number
}

/** How often delivery streams that could not be started are tried again (ms). */
const RETRY_MS = 2000
/** How long one that was deleted or changed may take to finish its batch (ms). */
const DRAIN_MS = 5000
const MIB = 1 << 20

export async function openProcessings(options: ProcessingsOptions): Promise<Resource<Processings>> {
  const { log } = options
  const counts = stage('enricher.deliveries')
  const running = new Map<string, Running>()
  const waitsFor = new Map<string, string>()
  const stopping = new AbortController()
  let wake = (): void => {}
  const streams = await openDeliveryStreams({ ...options, changed: () => wake() })
  const { byName } = streams.value

  const start = async (stream: DeliveryStream): Promise<Running> => {
    const { kafka } = options
    const { name, id, topic } = stream
    // A task may outlive its delivery stream for a moment.
    let last = stream
    const current = (): DeliveryStream => {
      const found = byName.get(name)
      if (found?.id === id) last = found
      return last
    }
    const groupId = `enricher.delivery.${name}.${id}`
    await beginDelivery(kafka.admin, groupId, stream)
    const partitions = await kafka.partitions(deliveredTopic(stream))
    const gather = gatherOf(stream)
    const subscription = await kafka.transform(
      { groupId, topics: [topic], startAt: 'earliest', gather },
      (partition) => new ProcessingTask({ ...options, partition, partitions, stream: current, counts }),
    )
    const unwatch = watchGroup(subscription, kafka)
    return {
      id,
      gather,
      ready: () => subscription.ready(),
      stop: async (drainMs) => {
        unwatch()
        await subscription.stop(drainMs)
      },
    }
  }

  /** Starts and stops what the control log says. Returns whether all of that succeeded. */
  const reconcile = async (): Promise<boolean> => {
    for (const [name, { id, gather, stop }] of running) {
      const stream = byName.get(name)
      if (stream !== undefined && isProcessed(stream) && stream.id === id && isSame(gatherOf(stream), gather))
        continue
      running.delete(name)
      await stop(DRAIN_MS)
    }
    for (const name of waitsFor.keys()) if (!byName.has(name)) waitsFor.delete(name)
    let succeeded = true
    for (const [name, stream] of byName) {
      if (!isProcessed(stream) || running.has(name) || stopping.signal.aborted) continue
      try {
        running.set(name, await start(stream))
        waitsFor.delete(name)
      } catch (error) {
        succeeded = false
        const { message } = error as Error
        if (waitsFor.get(name) !== message)
          log.warn(
            { err: error, deliveryStream: name },
            'a delivery stream cannot be processed yet; it is tried again',
          )
        waitsFor.set(name, message)
      }
    }
    return succeeded
  }

  const reconciling = (async () => {
    while (!stopping.signal.aborted) {
      const woken = new AbortController()
      wake = () => woken.abort()
      const succeeded = await reconcile().catch((error: unknown) => {
        log.warn({ err: error }, 'changes of delivery streams could not be carried out; they are tried again')
        return false
      })
      await pause(succeeded ? 2 ** 31 - 1 : RETRY_MS, AbortSignal.any([woken.signal, stopping.signal]))
    }
  })()

  return {
    value: {
      ready: () => streams.value.ready() && [...running.values()].every(({ ready }) => ready()),
    },
    stop: async (drainMs) => {
      stopping.abort()
      await reconciling
      await Promise.all([...running.values()].map(({ stop }) => stop(drainMs)))
      await streams.stop(drainMs)
    },
  }
}

const isProcessed = ({ status, destination }: DeliveryStream): boolean =>
  status === 'ACTIVE' && destination.processing !== undefined

function gatherOf({ destination }: DeliveryStream): Gather | undefined {
  const lambda = destination.processing?.lambda
  return !lambda || lambda.intervalSeconds === 0
    ? undefined
    : { ms: lambda.intervalSeconds * 1000, bytes: Math.ceil(lambda.sizeMiB * MIB) }
}

const isSame = (a: Gather | undefined, b: Gather | undefined): boolean =>
  a?.ms === b?.ms && a?.bytes === b?.bytes
