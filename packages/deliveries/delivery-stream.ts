/** A delivery stream as the control log stores it, and the checks of its entries. Plain data. */
import type { CheckState } from '@weir/control'
import { TOPIC_PREFIX as STREAM_TOPIC_PREFIX } from '@weir/streams'
import {
  flag,
  integer,
  list,
  map,
  nullable,
  object,
  oneOf,
  read,
  type ShapedBy,
  text,
} from '@weir/topics/shape.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { PROCESSED_PREFIX, processing } from './processing.ts'

/** The beginning of the names of the topics into which records are put directly. */
export const TOPIC_PREFIX = 'delivery.'
/** The partitions of such a topic: the most replicas of the indexer that deliver it at once. */
export const DIRECT_PARTITIONS = 6
/** How long it keeps records (h). AWS tries for a day to deliver a record; the second day is for people to mend the destination. */
export const DIRECT_RETENTION_HOURS = 48

/** The most delivery streams (Firehose developer guide, "Quota"). */
export const MAX_DELIVERY_STREAMS = 5000

/** Service model of Firehose. */
export const STREAM_NAME = /^[a-zA-Z0-9_.-]{1,64}$/
export const COMPRESSIONS = ['UNCOMPRESSED', 'GZIP'] as const
export type Compression = (typeof COMPRESSIONS)[number]

const time = integer({ min: 0, max: 8.64e15 })
const arn = text({ max: 512, pattern: /^arn:/, like: 'an ARN' })
/** The model allows 1,024 characters for prefixes. */
const prefix = text({ min: 0, max: 1024 })

const requiredOfS3 = {
  roleArn: arn,
  bucketArn: text({
    max: 2048,
    pattern: /^arn:[^:]+:s3:::(?!.*\.\.)[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}$/,
    like: 'the ARN of a bucket',
  }),
  /** With expressions, as they are documented for custom prefixes of S3 objects. */
  prefix,
  errorPrefix: prefix,
  /** An object is decided when its records have this size before compression, or when the first is this old. */
  sizeMiB: integer({ min: 1, max: 128 }),
  intervalSeconds: integer({ min: 0, max: 900 }),
  compression: oneOf(...COMPRESSIONS),
  /** Begins with a dot; empty: as the compression has it. */
  fileExtension: text({ min: 0, max: 128 }),
  timeZone: text({ min: 0, max: 50 }),
  /** The key with which the bucket encrypts objects; null: the bucket's own setting. */
  kmsKeyArn: nullable(arn),
  /** Whether each record ends with a line feed of the delivery stream's. */
  delimiter: flag,
  /** The log of errors that the creator asked for. It is noted; errors are in the log of the indexer. */
  logging: object({ enabled: flag, group: text({ min: 0, max: 512 }), stream: text({ min: 0, max: 512 }) }),
}
const s3 = object(requiredOfS3, {
  /** If given, its records go through a topic of processed records. It is given at the creation or never. */
  processing,
  /** Whether objects have records with the same partition keys. It is chosen at the creation. */
  isPartitioned: flag,
})
export type S3Destination = ShapedBy<typeof s3>

const required = {
  name: text({ max: 64, pattern: STREAM_NAME, like: 'letters, digits, _, . and -' }),
  /** One that is deleted and created again has another. */
  id: text({ max: 32, pattern: /^[0-9a-f]+$/, like: 'hexadecimal digits' }),
  createdAt: time,
  updatedAt: nullable(time),
  /** Counts updates of the destination, from 1. */
  version: integer({ min: 1, max: 1e9 }),
  status: oneOf('CREATING', 'ACTIVE', 'DELETING'),
  type: oneOf('DirectPut', 'KinesisStreamAsSource'),
  /** The topic of its source. */
  topic: text({ max: 249 }),
  /** The role that the creator named for reading the source; null if records are put directly. */
  sourceRoleArn: nullable(arn),
  /** The rate that the creator expects if records are put directly (MiB/s). It is noted. */
  throughputHintMiB: nullable(integer({ min: 1, max: 100 })),
  /** The objects, or those with the records that an endpoint does not take. Its buffer is that of the endpoint then. */
  destination: s3,
  tags: map(text({ max: 128 }), text({ min: 0, max: 256 }), { max: 50 }),
  /** The encryption that the creator asked for. It is noted; the brokers' disks are encrypted or not. */
  encryption: nullable(
    object({ keyType: oneOf('AWS_OWNED_CMK', 'CUSTOMER_MANAGED_CMK'), keyArn: nullable(arn) }),
  ),
}
const optional = {
  /**
   * The offsets at which it begins, by the partitions that the source had when it was created. Other partitions are
   * delivered from their beginning.
   */
  startOffsets: list(integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), { max: 10_000 }),
}
const deliveryStream = object(required, optional)
export type DeliveryStream = ShapedBy<typeof deliveryStream> & {
  /** Where records are delivered to; null: to S3. */
  readonly endpoint: Endpoint | null
}

/**
 * The delivery stream as the control log has it. One that is more than records put directly into S3 has `place` instead
 * of `destination`: versions that know no more refuse such entries, and so do not deliver their records as they are.
 */
export function storedForm({ endpoint, destination, ...stream }: DeliveryStream): object {
  if (endpoint !== null) return { ...stream, place: destination, endpoint }
  const isPlain = stream.type === 'DirectPut' && destination.processing === undefined
  return isPlain ? { ...stream, destination } : { ...stream, place: destination }
}

/** The delivery stream of a checked entry. Fields that only later versions know are kept. */
export function ofStoredForm(state: object): DeliveryStream {
  const { place, ...stream } = state as { readonly place?: S3Destination }
  return { endpoint: null, ...stream, ...(place && { destination: place }) } as DeliveryStream
}

/** The tag by which the delivery of a delivery stream is paused. AWS has no call for it. */
export const PAUSED_TAG = 'weir:paused'
export const isPaused = ({ tags }: Pick<DeliveryStream, 'tags'>): boolean => Object.hasOwn(tags, PAUSED_TAG)

/** The name of the stream that is its source. */
export const streamOf = ({ topic }: Pick<DeliveryStream, 'topic'>): string =>
  topic.slice(STREAM_TOPIC_PREFIX.length)

/** The topic whose records are delivered. */
export const deliveredTopic = ({ name, topic, destination }: DeliveryStream): string =>
  destination.processing === undefined ? topic : PROCESSED_PREFIX + name

/** Checks the form in which entries are stored. */
export const checks = {
  stream(state, name) {
    const entry = state as { readonly place?: unknown; readonly endpoint?: unknown } | null
    const found = read(
      deliveryStream,
      entry?.place ? { ...entry, destination: entry.place } : entry,
      'ignored',
    )
    if (entry?.endpoint !== undefined) endpoint(entry.endpoint, 'endpoint', 'ignored')
    if (found.name !== name) throw new Error('The delivery stream is stored under the name of another one.')
    // The topic is deleted with the delivery stream.
    if (found.type === 'DirectPut' && found.topic !== TOPIC_PREFIX + name)
      throw new Error(`The topic of the delivery stream must be ${TOPIC_PREFIX}NAME; it has another.`)
    if (found.type === 'KinesisStreamAsSource' && !found.topic.startsWith(STREAM_TOPIC_PREFIX))
      throw new Error(
        `The topic of the delivery stream must be ${STREAM_TOPIC_PREFIX}STREAM; it has another.`,
      )
  },
} satisfies Readonly<Record<string, CheckState>>
