/** Delivery streams over a Kafka and an object store of the test's own: what others decide would be delivered too. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { ConfigReader, readConfig } from '@weir/config'
import { HEADERS } from '@weir/contracts/headers.ts'
import {
  type DeliveryStream,
  deliveredTopic,
  type Endpoint,
  openDeliveryStreams,
  type ProcessingFailure,
  type S3Destination,
} from '@weir/deliveries'
import { deliveryStream } from '@weir/deliveries/testing/delivery-stream.ts'
import { egressConfig } from '@weir/egress'
import {
  encodeHeaders,
  type Headers,
  type Kafka,
  kafkaConfig,
  openKafka,
  type Producer,
  writeRecords,
} from '@weir/kafka'
import { logger, type Resource } from '@weir/service'
import { topics } from '@weir/solutions'
import { type KafkaCluster, kafkaCluster, servers, uniqueName } from '@weir/testkit'
import { type ObjectStoreProcess, startObjects } from '@weir/testkit/objects.ts'
import { type ServiceProcess, startService } from '@weir/testkit/service-process.ts'
import { type Deliveries, openDeliveries } from '../deliveries/deliveries.ts'

export const REGION = 'us-east-1'
export const ACCOUNT = { region: REGION, accountId: '000000000000' }
/** Receivers on this machine. */
const EGRESS_ALLOW = '127.0.0.1/32'
const egress = egressConfig(new ConfigReader({ EGRESS_ALLOW }))
export const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' }
const log = logger('indexer-test')
const DISK_BYTES = 1 << 30

export interface World {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly store: ObjectStoreProcess
  readonly cluster: KafkaCluster
  /** The folder for spools. */
  readonly dir: string
  bucket(name: string): Promise<void>
  /** Removes all delivery streams with their buckets. */
  clear(): Promise<void>
  /**
   * Creates the delivery stream, its bucket unless that is said to be missing, and its topic.
   * @param options.from the source, if it is another topic, which must exist
   */
  create(
    changes?: Partial<S3Destination>,
    options?: {
      partitions?: number
      bucketExists?: boolean
      endpoint?: Endpoint
      from?: Partial<DeliveryStream>
    },
  ): Promise<DeliveryStream>
  change(name: string, decide: (stream: DeliveryStream) => DeliveryStream | undefined): Promise<void>
  /** Resolves when the records are stored, in this order. @param headers of each record */
  put(
    stream: Pick<DeliveryStream, 'topic'> | DeliveryStream,
    partition: number,
    records: readonly (string | Buffer)[],
    headers?: Headers,
  ): Promise<void>
  /** The objects of a bucket by their keys. */
  objects(bucket: string): Promise<ReadonlyMap<string, Buffer>>
  /** A replica in this process. */
  deliver(diskBytes?: number): Promise<Resource<Deliveries>>
  stop(): Promise<void>
}

export const bucketOf = ({ destination }: DeliveryStream): string =>
  destination.bucketArn.slice(destination.bucketArn.lastIndexOf(':') + 1)

/** Why a record could not be processed. */
export const FAILURE: ProcessingFailure = {
  outputType: 'processing-failed',
  attemptsMade: 4,
  arrivalTimestamp: 1_764_014_400_000,
  attemptEndingTimestamp: 1_764_014_401_000,
  errorCode: 'Lambda.FunctionError',
  errorMessage: 'It threw.',
}

/** The headers of a record that could not be processed. */
export const failed = (failure: ProcessingFailure): Headers => ({
  [HEADERS.failure]: JSON.stringify(failure),
})

/** The lines of all objects, in the order of the objects' names. */
export const linesOf = (objects: ReadonlyMap<string, Buffer>): string[] =>
  [...objects].flatMap(([key, bytes]) =>
    (key.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n').slice(0, -1),
  )

/** A replica as a process, without sinks: no search engine is asked. */
export const startIndexer = (world: World, storeUrl: string): Promise<ServiceProcess> =>
  startService('indexer', {
    KAFKA_BROKERS: world.brokers.join(),
    REGISTRY_URL: world.registryUrl,
    ALLOW_ANONYMOUS: 'true',
    WEIR_SOLUTIONS: 'location-offers',
    DELIVERY_DIR: world.dir,
    EGRESS_ALLOW,
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_S3: storeUrl,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  })

export async function openWorld(): Promise<World> {
  const [cluster, store, registry] = await Promise.all([
    kafkaCluster({ brokers: 1 }),
    startObjects(),
    servers.registry(),
  ])
  const { value: kafka, stop: stopKafka } = await openKafka(
    readConfig({ KAFKA_BROKERS: cluster.brokers.join() }, kafkaConfig),
  )
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(registry.url, topics)
  const { value: codec } = await openCodec({ topics, url: registry.url })
  const producer: Producer = await kafka.producer()
  const streams = await openDeliveryStreams({ kafka, codec, log })
  const s3 = new S3Client({
    endpoint: store.url,
    region: REGION,
    credentials: CREDENTIALS,
    forcePathStyle: true,
  })
  const dir = mkdtempSync(join(tmpdir(), 'weir-deliveries-'))

  const world: World = {
    kafka,
    codec,
    cluster,
    dir,
    brokers: cluster.brokers,
    registryUrl: registry.url,
    store,
    bucket: async (Bucket) => void (await s3.send(new CreateBucketCommand({ Bucket }))),
    async clear() {
      for (const [name, stream] of [...streams.value.byName]) {
        await streams.value.change(name, () => undefined)
        const Bucket = bucketOf(stream)
        for (const Key of (await world.objects(Bucket)).keys())
          await s3.send(new DeleteObjectCommand({ Bucket, Key }))
        await s3.send(new DeleteBucketCommand({ Bucket }))
      }
    },
    async create(changes = {}, { partitions = 2, bucketExists = true, endpoint, from } = {}) {
      const name = uniqueName('lake')
      if (bucketExists) await world.bucket(name)
      const stream = { ...deliveryStream(name, changes, endpoint), ...from }
      const configs = { 'message.timestamp.type': 'LogAppendTime' }
      if (from === undefined)
        await kafka.admin.createTopics([{ name: deliveredTopic(stream), partitions, replicas: 1, configs }])
      await streams.value.change(name, () => stream)
      return stream
    },
    change: (name, decide) => streams.value.change(name, (stream) => decide(stream!)),
    put: (stream, partition, records, headers = {}) =>
      writeRecords(producer, (out) => {
        const topic = 'destination' in stream ? deliveredTopic(stream) : stream.topic
        const encoded = encodeHeaders(headers)
        for (const record of records) {
          const value = Buffer.from(record)
          out.append(topic, partition, null, 0, 0, value, 0, value.length, encoded, 0, encoded.length)
        }
      }),
    async objects(Bucket) {
      const found = new Map<string, Buffer>()
      for (let ContinuationToken: string | undefined; ; ) {
        const page = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken }))
        for (const { Key } of page.Contents ?? []) {
          const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
          found.set(Key!, Buffer.from(await Body!.transformToByteArray()))
        }
        ContinuationToken = page.NextContinuationToken
        if (ContinuationToken === undefined) return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
      }
    },
    deliver: (diskBytes = DISK_BYTES) =>
      openDeliveries({ account: ACCOUNT, egress, dir, diskBytes }, { kafka, codec, log }),
    async stop() {
      s3.destroy()
      await streams.stop(1000)
      await producer.stop()
      await stopKafka()
      await Promise.all([store.stop(), cluster.stop()])
      rmSync(dir, { recursive: true, force: true })
    },
  }
  return world
}
