import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  ListShardsCommand,
  ListStreamsCommand,
  ListTagsForStreamCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SplitShardCommand,
  SubscribeToShardCommand,
  type SubscribeToShardEvent,
  UpdateShardCountCommand,
  waitUntilStreamNotExists,
} from '@aws-sdk/client-kinesis'
import { uniqueName } from '@weir/testkit'
import { describe, expect, test } from 'vitest'
import { startHub } from '../../testing/hub.ts'
import './records.suite.ts'
import { clientOf, openKinesisTests, shardOf, text } from './testing/kinesis.ts'

const { backends, hub, client, create, iterator, readAll } = await openKinesisTests()

describe('streams', () => {
  test("are not created under a name that Kafka confuses with another stream's", async () => {
    const name = await create(1, uniqueName('a.b'))
    const refused = client.send(
      new CreateStreamCommand({ StreamName: name.replace('.', '_'), ShardCount: 1 }),
    )
    await expect(refused).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringContaining(name),
    })
  })

  test('are created, described, listed, tagged and deleted', async () => {
    const name = await create(3)
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: name }))
    expect(StreamDescription).toMatchObject({
      StreamName: name,
      StreamARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`,
      StreamStatus: 'ACTIVE',
      RetentionPeriodHours: 24,
      HasMoreShards: false,
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
      EncryptionType: 'NONE',
      StreamCreationTimestamp: expect.any(Date),
    })
    expect(StreamDescription!.Shards!.map(({ HashKeyRange }) => HashKeyRange!.StartingHashKey)).toEqual([
      '0',
      '113427455640312821154458202477256070485',
      '226854911280625642308916404954512140970',
    ])
    expect(StreamDescription!.Shards![0].SequenceNumberRange).toEqual({
      StartingSequenceNumber: expect.stringMatching(/^\d{56}$/),
    })
    await client.send(new AddTagsToStreamCommand({ StreamName: name, Tags: { team: 'blue', env: 'test' } }))
    expect((await client.send(new ListTagsForStreamCommand({ StreamName: name }))).Tags).toEqual([
      { Key: 'env', Value: 'test' },
      { Key: 'team', Value: 'blue' },
    ])
    expect(
      (await client.send(new ListStreamsCommand({ Limit: 1, ExclusiveStartStreamName: name.slice(0, -1) })))
        .StreamNames,
    ).toEqual([name])
    await client.send(new DeleteStreamCommand({ StreamARN: StreamDescription!.StreamARN }))
    await waitUntilStreamNotExists({ client, maxWaitTime: 30, minDelay: 0.1, maxDelay: 0.5 } as never, {
      StreamName: name,
    })
    await expect(
      client.send(new PutRecordCommand({ StreamName: name, PartitionKey: 'a', Data: Buffer.from('x') })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Stream ${name} under account 000000000000 not found.`,
    })
  })

  test('have four shards if they are on demand', async () => {
    const name = await create(undefined)
    const { StreamDescriptionSummary } = await client.send(
      new DescribeStreamSummaryCommand({ StreamName: name }),
    )
    expect(StreamDescriptionSummary).toMatchObject({
      OpenShardCount: 4,
      ConsumerCount: 0,
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      MaxRecordSizeInKiB: 1024,
    })
  })
})

describe('shards', () => {
  test('end with a split or a merge, their children follow, and every record is read once', async () => {
    const name = await create(2)
    let next = 0
    const expected: string[] = []
    const put = async () => {
      const Records = Array.from({ length: 100 }, () => ({
        PartitionKey: `key-${next % 20}`,
        Data: Buffer.from(`key-${next % 20}:${next++}`),
      }))
      expected.push(...Records.map(({ Data }) => String(Data)))
      expect(
        (await client.send(new PutRecordsCommand({ StreamName: name, Records }))).FailedRecordCount,
      ).toBe(0)
    }
    const active = () =>
      expect
        .poll(
          async () =>
            (await client.send(new DescribeStreamSummaryCommand({ StreamName: name })))
              .StreamDescriptionSummary!.StreamStatus,
          { timeout: 10_000 },
        )
        .toBe('ACTIVE')
    await put()
    await client.send(
      new SplitShardCommand({
        StreamName: name,
        ShardToSplit: shardOf(0),
        NewStartingHashKey: String(2n ** 126n),
      }),
    )
    await put()
    await active()
    await put()
    await client.send(
      new MergeShardsCommand({
        StreamName: name,
        ShardToMerge: shardOf(3),
        AdjacentShardToMerge: shardOf(1),
      }),
    )
    await put()
    await active()
    await client.send(
      new UpdateShardCountCommand({ StreamName: name, TargetShardCount: 4, ScalingType: 'UNIFORM_SCALING' }),
    )
    await put()
    await active()
    await put()

    const { Shards } = await client.send(new ListShardsCommand({ StreamName: name }))
    const open = (
      await client.send(new ListShardsCommand({ StreamName: name, ShardFilter: { Type: 'AT_LATEST' } }))
    ).Shards!
    expect(open).toHaveLength(4)
    expect(
      Shards!.filter(({ SequenceNumberRange }) => SequenceNumberRange!.EndingSequenceNumber === undefined),
    ).toEqual(open)
    const found: string[] = []
    const last = new Map<string, bigint>()
    for (const { ShardId } of Shards!) {
      const { records, ended, children } = await readAll(await iterator(name, ShardId!, 'TRIM_HORIZON'))
      expect(ended).toBe(!open.some((shard) => shard.ShardId === ShardId))
      expect(children).toEqual(
        Shards!
          .filter(({ ParentShardId, AdjacentParentShardId }) =>
            [ParentShardId, AdjacentParentShardId].includes(ShardId),
          )
          .map((child) => child.ShardId),
      )
      for (const record of records) {
        const [key, n] = text(record).split(':')
        expect(BigInt(record.SequenceNumber!) > (last.get(key) ?? 0n)).toBe(true)
        last.set(key, BigInt(record.SequenceNumber!))
        found.push(`${key}:${n}`)
      }
    }
    expect(found.sort()).toEqual(expected.sort())
  })
})

describe('enhanced fan-out', () => {
  test('pushes stored and new records within milliseconds, and ends with its shard', async () => {
    const name = await create(1)
    const StreamARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`
    const { Consumer } = await client.send(
      new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'dashboard' }),
    )
    expect(Consumer).toMatchObject({
      ConsumerName: 'dashboard',
      ConsumerStatus: 'ACTIVE',
      ConsumerARN: expect.stringMatching(new RegExp(`^${StreamARN}/consumer/dashboard:\\d+$`)),
    })
    const put = (data: string) =>
      client.send(new PutRecordCommand({ StreamName: name, PartitionKey: 'k', Data: Buffer.from(data) }))
    await put('before')
    const { EventStream } = await client.send(
      new SubscribeToShardCommand({
        ConsumerARN: Consumer!.ConsumerARN,
        ShardId: shardOf(0),
        StartingPosition: { Type: 'TRIM_HORIZON' },
      }),
    )
    await expect(
      client.send(
        new SubscribeToShardCommand({
          ConsumerARN: Consumer!.ConsumerARN,
          ShardId: shardOf(0),
          StartingPosition: { Type: 'LATEST' },
        }),
      ),
    ).rejects.toMatchObject({ name: 'ResourceInUseException' })
    const events: { at: number; event: SubscribeToShardEvent }[] = []
    const reading = (async () => {
      for await (const { SubscribeToShardEvent: event } of EventStream!)
        events.push({ at: performance.now(), event: event! })
    })()
    const texts = () => events.flatMap(({ event }) => event.Records!.map(text))
    await expect.poll(texts).toEqual(['before'])
    const latencies: number[] = []
    for (let i = 0; i < 20; i++) {
      const sent = performance.now()
      await put(`live-${i}`)
      await expect.poll(texts, { interval: 1 }).toContain(`live-${i}`)
      latencies.push(events.at(-1)!.at - sent)
    }
    expect(latencies.sort((a, b) => a - b)[10]).toBeLessThan(200)
    await client.send(
      new SplitShardCommand({
        StreamName: name,
        ShardToSplit: shardOf(0),
        NewStartingHashKey: String(2n ** 127n),
      }),
    )
    await reading
    const last = events.at(-1)!.event
    expect([
      last.ContinuationSequenceNumber,
      last.ChildShards!.map(({ ShardId, ParentShards }) => [ShardId, ParentShards]),
    ]).toEqual([
      undefined,
      [
        [shardOf(1), [shardOf(0)]],
        [shardOf(2), [shardOf(0)]],
      ],
    ])
    const continued = events.findLast(({ event }) => event.ContinuationSequenceNumber !== undefined)!.event
      .ContinuationSequenceNumber
    expect(
      (
        await readAll(
          await iterator(name, shardOf(0), 'AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber: continued }),
        )
      ).records,
    ).toEqual([])
  })
})

describe('replicas and restarts', () => {
  test('a stream that one replica makes is served by another one, and by one that starts later', async () => {
    const other = await startHub(backends)
    const second = clientOf(other)
    const name = await create(2)
    await expect
      .poll(() =>
        second
          .send(
            new PutRecordCommand({
              StreamName: name,
              PartitionKey: 'a',
              Data: Buffer.from('from the other'),
            }),
          )
          .then(
            () => true,
            () => false,
          ),
      )
      .toBe(true)
    await client.send(
      new SplitShardCommand({
        StreamName: name,
        ShardToSplit: shardOf(0),
        NewStartingHashKey: String(2n ** 125n),
      }),
    )
    await expect
      .poll(async () => (await second.send(new ListShardsCommand({ StreamName: name }))).Shards!.length, {
        timeout: 10_000,
      })
      .toBe(4)
    second.destroy()
    other.kill('SIGKILL')
    await other.exited
    const later = await startHub(backends)
    const third = clientOf(later)
    expect((await third.send(new ListShardsCommand({ StreamName: name }))).Shards).toHaveLength(4)
    expect(
      (
        await third.send(
          new PutRecordCommand({ StreamName: name, PartitionKey: 'a', Data: Buffer.from('x') }),
        )
      ).SequenceNumber,
    ).toBeDefined()
    third.destroy()
    later.kill('SIGTERM')
    expect(await later.exited).toBe(0)
  })
})

describe('a request signed with', () => {
  test.each([
    [
      'an unknown key',
      { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'test' },
      'UnrecognizedClientException',
    ],
    ['a wrong secret', { accessKeyId: 'test', secretAccessKey: 'wrong' }, 'InvalidSignatureException'],
  ])('%s is refused', async (_, credentials, name) => {
    const stranger = clientOf(hub, credentials)
    await expect(stranger.send(new ListStreamsCommand({}))).rejects.toMatchObject({ name })
    stranger.destroy()
  })
})
