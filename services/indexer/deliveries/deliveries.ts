/** Delivers all delivery streams. Every replica runs all of them, and the group of each shares out the partitions. */
import type { Codec } from '@weir/codec'
import type { DeliveryProgress } from '@weir/contracts'
import {
  beginDelivery,
  type DeliveryStream,
  deliveredTopic,
  type Endpoint,
  isPaused,
  runDeliveryStreams,
} from '@weir/deliveries'
import { openEgress } from '@weir/egress'
import type { Kafka, Subscription } from '@weir/kafka'
import { type Logger, type Resource, stage } from '@weir/service'
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
  const endpointOf = <K extends Endpoint['kind']>(name: string, kind: K) => {
    const endpoint = runs.value.byName.get(name)?.endpoint
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

  const start = async (stream: DeliveryStream, current: () => DeliveryStream): Promise<Subscription> => {
    const { name, id } = stream
    const topic = deliveredTopic(stream)
    const groupId = `indexer.delivery.${name}.${id}`
    if (topic === stream.topic) await beginDelivery(kafka.admin, groupId, stream)
    const view = viewOf(stream, current)
    return kafka.transform({ groupId, topics: [topic], startAt: 'earliest' }, (partition) =>
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
  }

  const runs = await runDeliveryStreams({
    ...deps,
    dependsOn: (stream) => (stream.status === 'ACTIVE' && !isPaused(stream) ? stream.id : undefined),
    start,
    async carriedOut(byName) {
      const known = new Set([...byName.values()].map(({ id }) => id))
      const gone = new Set([...progress.value.all()].map(({ id }) => id).filter((id) => !known.has(id)))
      for (const id of gone) await progress.value.remove(id)
    },
  })

  const progressOf = ({ id }: DeliveryStream): DeliveryProgress[] =>
    [...progress.value.all()].filter((one) => one.id === id)

  return {
    value: {
      streams: runs.value.byName,
      progressOf,
      failureOf: (stream) =>
        deliverer.failureOf(stream.name) ??
        progressOf(stream).find(({ failure }) => failure)?.failure ??
        undefined,
      ready: () => runs.value.ready() && progress.value.ready(),
    },
    stop: async (drainMs) => {
      await runs.stop(drainMs)
      await progress.stop(drainMs)
      await egress.stop(drainMs)
      await store.stop(drainMs)
      folder.stop()
    },
  }
}
