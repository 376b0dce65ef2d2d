/** The Kinesis API of 2013-12-02, over the topics of the broker. */
import { type Account, type Api, type AwsAccess, api, kinesisModel } from '@weir/aws'
import type { Codec } from '@weir/codec'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import { openStreams, type Streams, StreamWriter } from '@weir/streams'
import type { Intake } from '../../intake/intake.ts'
import type { Kinesis } from './kinesis.ts'
import { Names } from './names.ts'
import { fanOutOperations } from './operations/fan-out.ts'
import { readingOperations } from './operations/reading.ts'
import { recordOperations } from './operations/records.ts'
import { settingOperations } from './operations/settings.ts'
import { shardOperations } from './operations/shards.ts'
import { streamOperations } from './operations/streams.ts'
import { openShares } from './shares.ts'
import { Throttle } from './throttle.ts'

/**
 * PutRecords accepts 10 MiB of records. In JSON they are a third longer, and each carries its member names.
 */
const MAX_BODY_BYTES = 16 << 20

export interface KinesisConfig {
  readonly throttled: boolean
  /** The Redis through which replicas share the limits of shards. */
  readonly redisUrl: string | undefined
  readonly shardLimit: number
  /** The replication factor of topics that streams create; -1: the broker's default. */
  readonly replicas: number
}

export interface KinesisDeps {
  readonly access: AwsAccess
  readonly account: Account
  readonly codec: Codec
  readonly intake: Intake
  readonly instance: string
  readonly kafka: Kafka
  readonly log: Logger
}

export interface KinesisApi {
  readonly api: Api
  readonly streams: Streams
  /** Puts records into streams, within the limits of their shards. */
  readonly writer: StreamWriter
  /** False while this replica cannot learn which streams exist. */
  ready(): boolean
}

export async function openKinesis(config: KinesisConfig, deps: KinesisDeps): Promise<Resource<KinesisApi>> {
  const { access, account, codec, intake, instance, kafka, log } = deps
  const streams = await openStreams({ kafka, codec, replicas: config.replicas, takes: true, instance, log })
  const stopping = new AbortController()
  const throttle = config.throttled ? new Throttle(() => streams.replicas) : undefined
  const shares =
    throttle && config.redisUrl ? openShares(throttle, config.redisUrl, instance, log) : undefined
  const kinesis: Kinesis = {
    access,
    kafka,
    streams,
    writer: new StreamWriter({
      streams,
      producer: intake.producer,
      admit:
        throttle &&
        (({ stream: { name, mode } }, { id }, bytes) =>
          mode === 'ON_DEMAND' || throttle.take(name, id, bytes)),
    }),
    names: new Names(account),
    shardLimit: config.shardLimit,
    stopping: stopping.signal,
    throttle,
  }
  const operations = {
    ...streamOperations(kinesis),
    ...settingOperations(kinesis),
    ...shardOperations(kinesis),
    ...recordOperations(kinesis),
    ...readingOperations(kinesis),
    ...fanOutOperations(kinesis),
  }
  return {
    value: {
      ready: () => streams.ready,
      streams,
      writer: kinesis.writer,
      api: api(kinesisModel, operations, { maxBodyBytes: MAX_BODY_BYTES }),
    },
    stopping: () => stopping.abort(),
    stop: async (drainMs) => {
      await shares?.stop?.(drainMs)
      await streams.stop()
    },
  }
}
