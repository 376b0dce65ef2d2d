/** Delivery streams over HTTP: how far they are, and what holds them up. */
import { type DeliveryStream, deliveredTopic, type Endpoint, isPaused } from '@weir/deliveries'
import { type Kafka, KafkaError } from '@weir/kafka'
import { type Access, HttpError, identify } from '@weir/service'
import type { FastifyInstance } from 'fastify'
import type { Deliveries } from './deliveries.ts'

export interface DeliveryRoutesOptions {
  readonly deliveries: Pick<Deliveries, 'streams' | 'progressOf' | 'failureOf'>
  readonly access: Access
  readonly kafka: Pick<Kafka, 'admin'>
}

/** A delivery stream as people see it. Times are ms since the epoch. */
export interface ShownDelivery {
  readonly name: string
  readonly status: DeliveryStream['status'] | 'PAUSED'
  readonly version: number
  readonly kind: 's3' | Endpoint['kind']
  /** Without paths of endpoints, which may be secrets. */
  readonly destination: string
  /** Where records go that the endpoint does not take, and maybe all; null if the destination is S3. */
  readonly backup: string | null
  readonly sizeMiB: number
  readonly intervalSeconds: number
  readonly compression: string
  /** Records that are in no object yet; -1 if Kafka does not say. */
  readonly collecting: number
  /** Decided objects that are not delivered yet. */
  readonly waiting: { readonly objects: number; readonly records: number; readonly oldestAt: number | null }
  /** Why objects are not delivered at the moment; null if they are. */
  readonly failure: string | null
}

/** Clients see the delivery streams whose topics they may read. */
export function deliveryRoutes(
  app: FastifyInstance,
  { deliveries, access, kafka }: DeliveryRoutesOptions,
): void {
  app.get('/v1/deliveries', async (request, reply) => {
    const client = identify(access, request, 'Basic')
    const streams = [...deliveries.streams.values()].filter(({ topic }) => client.mayRead(topic))
    streams.sort((a, b) => (a.name < b.name ? -1 : 1))
    const shown: ShownDelivery[] = []
    // One after the other: each asks the brokers for the ends of a topic.
    for (const stream of streams) shown.push(await show(stream))
    return reply.header('cache-control', 'no-store').send({ deliveries: shown })
  })

  app.get<{ Params: { readonly name: string } }>('/v1/deliveries/:name', async (request, reply) => {
    const client = identify(access, request, 'Basic')
    const stream = deliveries.streams.get(request.params.name)
    if (stream === undefined || !client.mayRead(stream.topic))
      throw new HttpError(404, 'unknown-delivery-stream', 'There is no such delivery stream.')
    return reply.header('cache-control', 'no-store').send(await show(stream))
  })

  async function show(stream: DeliveryStream): Promise<ShownDelivery> {
    const progress = deliveries.progressOf(stream)
    const objects = progress.flatMap((one) => one.objects)
    const { bucketArn, prefix, sizeMiB, intervalSeconds, compression } = stream.destination
    const { endpoint } = stream
    const place = `s3://${bucketArn.slice(bucketArn.lastIndexOf(':') + 1)}/${prefix}`
    return {
      name: stream.name,
      status: stream.status === 'ACTIVE' && isPaused(stream) ? 'PAUSED' : stream.status,
      version: stream.version,
      kind: endpoint?.kind ?? 's3',
      destination: endpoint === null ? place : new URL(endpoint.url).origin,
      backup: endpoint === null ? null : place,
      sizeMiB,
      intervalSeconds,
      compression,
      collecting: await collecting(
        deliveredTopic(stream),
        new Map(progress.map(({ partition, next }) => [partition, next])),
      ),
      waiting: {
        objects: objects.length,
        records: objects.reduce((sum, { records }) => sum + records, 0),
        oldestAt:
          objects.length === 0 ? null : Math.min(...objects.map(({ decidedAt }) => Number(decidedAt))),
      },
      failure: deliveries.failureOf(stream) ?? null,
    }
  }

  async function collecting(topic: string, next: ReadonlyMap<number, number>): Promise<number> {
    try {
      const ends = await kafka.admin.offsets(topic)
      return ends.reduce(
        (sum, { partition, earliest, latest }) => sum + latest - Math.max(earliest, next.get(partition) ?? 0),
        0,
      )
    } catch (error) {
      if (error instanceof KafkaError) return -1
      throw error
    }
  }
}
