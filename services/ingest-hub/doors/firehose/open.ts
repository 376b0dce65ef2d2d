/** Firehose's API of 2015-08-04: delivery streams, and the records that are put into them. */
import { type Account, type Api, api, firehoseModel } from '@weir/aws'
import type { Codec } from '@weir/codec'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import type { Streams } from '@weir/streams'
import type { Intake } from '../../intake/intake.ts'
import type { Firehose } from './firehose.ts'
import { openLifecycle } from './lifecycle.ts'
import { recordOperations } from './records.ts'
import { settingOperations } from './settings.ts'
import { streamOperations } from './streams.ts'

const MAX_BODY_BYTES = 1 << 20
/** In JSON, the data of records is a third longer, and each record has its member's name. */
const MAX_BODY_BYTES_OF = { PutRecord: 2 << 20, PutRecordBatch: 7 << 20 }

export interface FirehoseOptions {
  readonly account: Account
  readonly codec: Codec
  readonly intake: Intake
  readonly kafka: Kafka
  readonly streams: Pick<Streams, 'get'>
  /** The replication factor of topics that delivery streams create; -1: the broker's default. */
  readonly replicas: number
  readonly log: Logger
}

export interface FirehoseApi {
  readonly api: Api
  /** False while this replica cannot learn which delivery streams exist. */
  ready(): boolean
}

export async function openFirehose(options: FirehoseOptions): Promise<Resource<FirehoseApi>> {
  const { value: streams, stop } = await openLifecycle(options)
  const { account, intake, kafka } = options
  const firehose: Firehose = {
    account,
    streams,
    kinesisStreams: options.streams,
    kafka,
    producer: intake.producer,
    connected: kafka.connected,
  }
  const operations = {
    ...streamOperations(firehose),
    ...settingOperations(firehose),
    ...recordOperations(firehose),
  }
  return {
    value: {
      api: api(firehoseModel, operations, {
        maxBodyBytes: MAX_BODY_BYTES,
        maxBodyBytesOf: MAX_BODY_BYTES_OF,
      }),
      ready: () => streams.ready(),
    },
    stop,
  }
}
