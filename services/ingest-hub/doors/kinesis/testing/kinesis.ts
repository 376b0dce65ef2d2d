/** Shared by the tests of Kinesis's API: a hub for each test file, and its client. */
import {
  type _Record,
  CreateStreamCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  KinesisClient,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis'
import type { Kafka } from '@weir/kafka'
import { uniqueName } from '@weir/testkit'
import { afterAll } from 'vitest'
import type { Backends, Hub } from '../../../testing/hub.ts'
import { openHubForTests } from '../../../testing/hub-for-tests.ts'

export interface KinesisTests {
  readonly backends: Backends
  readonly kafka: Kafka
  readonly hub: Hub
  readonly client: KinesisClient
  /** Creates a stream, on demand if no number of shards is given, and returns its name. */
  create(shardCount: number | undefined, name?: string): Promise<string>
  iterator(stream: string, shard: string, type: string, rest?: object): Promise<string>
  /** Reads all records from the iterator on, until the shard ends or no more records are there. */
  readAll(from: string): Promise<{ records: _Record[]; ended: boolean; children: string[] }>
}

let opened: Promise<KinesisTests> | undefined

/** Returns the hub of this test file, which ends after its tests. */
export function openKinesisTests(): Promise<KinesisTests> {
  return (opened ??= start())
}

async function start(): Promise<KinesisTests> {
  const { kafka, hub, backends } = await openHubForTests()
  const client = clientOf(hub)
  afterAll(() => client.destroy())

  async function create(ShardCount: number | undefined, name = uniqueName('stream')): Promise<string> {
    await client.send(
      new CreateStreamCommand({
        StreamName: name,
        ...(ShardCount === undefined ? { StreamModeDetails: { StreamMode: 'ON_DEMAND' } } : { ShardCount }),
      }),
    )
    await waitUntilStreamExists({ client, maxWaitTime: 30, minDelay: 0.1, maxDelay: 0.5 } as never, {
      StreamName: name,
    })
    return name
  }

  async function iterator(
    StreamName: string,
    ShardId: string,
    type: string,
    rest: object = {},
  ): Promise<string> {
    return (
      await client.send(
        new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: type as never, ...rest }),
      )
    ).ShardIterator!
  }

  async function readAll(from: string): Promise<{ records: _Record[]; ended: boolean; children: string[] }> {
    const records: _Record[] = []
    for (let next: string | undefined = from; ; ) {
      const page: GetRecordsCommandOutput = await client.send(
        new GetRecordsCommand({ ShardIterator: next, Limit: 1000 }),
      )
      records.push(...page.Records!)
      next = page.NextShardIterator
      if (next === undefined)
        return { records, ended: true, children: page.ChildShards!.map(({ ShardId }) => ShardId!) }
      if (page.MillisBehindLatest === 0 && page.Records!.length === 0)
        return { records, ended: false, children: [] }
    }
  }

  return { backends, kafka, hub, client, create, iterator, readAll }
}

export function clientOf(
  { url }: Hub,
  credentials = { accessKeyId: 'test', secretAccessKey: 'test' },
): KinesisClient {
  return new KinesisClient({ endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1 })
}

export const text = (record: _Record): string => Buffer.from(record.Data!).toString()

export const shardOf = (number: number): string => `shardId-${String(number).padStart(12, '0')}`
