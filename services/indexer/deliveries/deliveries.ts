/** Delivers all delivery streams. Every replica runs all of them, and the group of each shares out the partitions. */
import type { Codec } from '@weir/codec'
import type { DeliveryProgress } from '@weir/contracts'
import {
  beginDelivery,
  type DeliveryStream,
  deliveredTopic,
  type Endpoint,
  openDeliveryStreams,
} from '@weir/deliveries'
import { openEgress } from '@weir/egress'
import type { Kafka } from '@weir/kafka'
import { type Logger, type Resource, stage, watchGroup } from '@weir/service'
import { pause } from '@weir/timing'
import type { DeliveriesConfig } from './config.ts'
import { viewing, viewOf } from './delivered-records.ts'
import { Deliverer } from './deliverer.ts'
import { DeliveryTask } from './delivery-task.ts'
import { httpPlace } from './http-place.ts'
import { openObjectStore } from './object-store.ts'
import { onePart, processedPart } from './part.ts'
import { openProgress } from './progress.ts'
import { s3Place } from './s3-place.ts'
import { SpoolFolder } from './spool-folder.ts'

export interface Deliveries {
  /** Delivery streams by their names. */
  readonly streams: ReadonlyMap<string, DeliveryStream>
  /** The progress of a delivery stream in each partition that has been read. */
  progressOf(stream: DeliveryStream): readonly DeliveryProgress[]
  /** Why its objects are not delivered at the moment, as far as this replica knows. */
  failureOf(stream: DeliveryStream): string | undefined
  /** False while a delivery stream is not read, or the control log is not followed. */
  ready(): boolean
}

export interface DeliveriesDeps {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

interface Running {
  readonly ready: () => boolean
  readonly stop: (drainMs: number) => Promise<void>
}

/** How often delivery streams that could not be started are tried again (ms). */
const RETRY_MS = 2000
/** How long a delivery stream that was deleted may take to finish its batch (ms). */
const DRAIN_MS = 5000

export async function openDeliveries(
  config: DeliveriesConfig,
  deps: DeliveriesDeps,
): Promise<Resource<Deliveries>> {
  const { account, dir, diskBytes } = config
  const { kafka, log } = deps
  const progress = await openProgress(deps)
  const store = openObjectStore(account.region)
  const egress = openEgress(config.egress)
  const folder = new SpoolFolder(dir, diskBytes)
  const counts = stage('indexer.deliveries')
  const running = new Map<string, Running>()
  /** Why delivery streams are not read, as logged. */
  const waitsFor = new Map<string, string>()
  const stopping = new AbortController()
  let wake = (): void => {}
  const streams = await openDeliveryStreams({ ...deps, changed: () => wake() })
  const { byName } = streams.value
  const endpointOf = <K extends Endpoint['kind']>(name: string, kind: K) => {
    const endpoint = byName.get(name)?.endpoint
    if (endpoint?.kind === kind) return endpoint as Extract<Endpoint, { readonly kind: K }>
    throw new Error(`Delivery stream ${name} has no endpoint of the kind ${kind} any more.`)
  }
  const deliverer = new Deliverer(
    {
      s3: s3Place(store.value),
      http: httpPlace({
        account,
        egress: egress.value,
        store: store.value,
        endpointOf: (name) => endpointOf(name, 'http'),
      }),
    },
    log,
  )

  const start = async (stream: DeliveryStream): Promise<Running> => {
    const { name, id } = stream
    const topic = deliveredTopic(stream)
    // A task may outlive its delivery stream for a moment.
    let last = byName.get(name)!
    const current = (): DeliveryStream => {
      const found = byName.get(name)
      if (found?.id === id) last = found
      return last
    }
    const groupId = `indexer.delivery.${name}.${id}`
    if (topic === stream.topic) await beginDelivery(kafka.admin, groupId, stream)
    const view = viewOf(stream, current)
    const subscription = await kafka.transform(
      { groupId, topics: [topic], startAt: 'earliest' },
      (partition) =>
        viewing(
          view,
          kafka,
          (kafka) =>
            new DeliveryTask({
              partition,
              stream: () => ({ ...current(), topic }),
              partOf: topic === stream.topic ? onePart : processedPart,
              kafka,
              progress: progress.value,
              deliverer,
              folder,
              counts,
              log,
            }),
        ),
    )
    const unwatch = watchGroup(subscription, kafka)
    return {
      ready: () => subscription.ready(),
      stop: async (drainMs) => {
        unwatch()
        await subscription.stop(drainMs)
      },
    }
  }

  /** Starts and stops what the control log says. Returns whether all of that succeeded. */
  const reconcile = async (): Promise<boolean> => {
    const active = new Map(
      [...byName.values()].filter(({ status }) => status === 'ACTIVE').map((stream) => [stream.id, stream]),
    )
    for (const [id, { stop }] of running) {
      if (active.has(id)) continue
      running.delete(id)
      await stop(DRAIN_MS)
    }
    let succeeded = true
    for (const [id, stream] of active) {
      if (running.has(id) || stopping.signal.aborted) continue
      try {
        running.set(id, await start(stream))
        waitsFor.delete(id)
      } catch (error) {
        succeeded = false
        const { message } = error as Error
        if (waitsFor.get(id) !== message)
          log.warn(
            { err: error, deliveryStream: stream.name },
            'a delivery stream cannot be read yet; it is tried again',
          )
        waitsFor.set(id, message)
      }
    }
    const known = new Set([...byName.values()].map(({ id }) => id))
    for (const id of waitsFor.keys()) if (!known.has(id)) waitsFor.delete(id)
    const gone = new Set([...progress.value.all()].map(({ id }) => id).filter((id) => !known.has(id)))
    for (const id of gone) await progress.value.remove(id)
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

  const progressOf = ({ id }: DeliveryStream): DeliveryProgress[] =>
    [...progress.value.all()].filter((one) => one.id === id)

  return {
    value: {
      streams: byName,
      progressOf,
      failureOf: (stream) =>
        deliverer.failureOf(stream.name) ??
        progressOf(stream).find(({ failure }) => failure)?.failure ??
        undefined,
      ready: () =>
        streams.value.ready() &&
        progress.value.ready() &&
        [...running.values()].every(({ ready }) => ready()),
    },
    stop: async (drainMs) => {
      stopping.abort()
      await reconciling
      await Promise.all([...running.values()].map(({ stop }) => stop(drainMs)))
      await streams.stop(drainMs)
      await progress.stop(drainMs)
      await egress.stop(drainMs)
      await store.stop(drainMs)
      folder.stop()
    },
  }
}
