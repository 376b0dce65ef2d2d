/** The door with AWS's real client for JavaScript, which speaks HTTP/2. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type _Record,
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  KinesisClient,
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
  UpdateMaxRecordSizeCommand,
  UpdateShardCountCommand,
  waitUntilStreamExists,
  waitUntilStreamNotExists,
} from '@aws-sdk/client-kinesis'
import type { Kafka } from '@weir/kafka'
import { decodeHeaders, keyOf, valueOf } from '@weir/kafka'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Backends, type Hub, prepare, startHub } from '../../testing/hub.ts'

let backends: Backends
let kafka: Kafka
let stopKafka: () => Promise<void>
let hub: Hub
let client: KinesisClient

beforeAll(async () => {
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry()])
  backends = { brokers, registryUrl: url }
  ;({ kafka, stop: stopKafka } = await prepare(backends))
  hub = await startHub(backends)
  client = clientOf(hub)
})
afterAll(async () => {
  client.destroy()
  hub.kill('SIGTERM')
  expect(await hub.exited).toBe(0)
  await stopKafka()
})

function clientOf(
  { url }: Hub,
  credentials = { accessKeyId: 'test', secretAccessKey: 'test' },
): KinesisClient {
  return new KinesisClient({ endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1 })
}

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

const text = (record: _Record): string => Buffer.from(record.Data!).toString()

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

/** Reads all records from the iterator on, until the shard ends or no more records are there. */
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

const shardOf = (number: number): string => `shardId-${String(number).padStart(12, '0')}`

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

describe('records', () => {
  test('are read as they were put, by Kinesis and by Kafka', async () => {
    const name = await create(1)
    const { ShardId, SequenceNumber } = await client.send(
      new PutRecordCommand({ StreamName: name, PartitionKey: 'key-ü', Data: Buffer.from('héllo') }),
    )
    expect([ShardId, SequenceNumber]).toEqual([shardOf(0), expect.stringMatching(/^\d{56}$/)])
    const { records } = await readAll(await iterator(name, ShardId!, 'TRIM_HORIZON'))
    expect(records).toEqual([
      {
        PartitionKey: 'key-ü',
        Data: expect.anything(),
        SequenceNumber,
        ApproximateArrivalTimestamp: expect.any(Date),
      },
    ])
    expect(text(records[0])).toBe('héllo')
    expect(Math.abs(records[0].ApproximateArrivalTimestamp!.getTime() - Date.now())).toBeLessThan(5000)

    const batch = await kafka.fetch(`stream.${name}`, 0, 0, 1 << 20)
    expect([
      String(keyOf(batch, 0)),
      String(valueOf(batch, 0)),
      decodeHeaders(batch.bytes, batch.headersStart[0]),
    ]).toEqual([
      'key-ü',
      'héllo',
      {
        'weir-id': expect.stringMatching(/^[0-9a-f-]{36}-0$/),
        'weir-source': 'test',
        traceparent: expect.any(String),
      },
    ])
  })

  test('have the same ids when a client repeats its call', async () => {
    const name = await create(1)
    const named = clientOf(hub)
    const invocation = '0191b7a2-0000-4000-8000-00000000abcd'
    named.middlewareStack.addRelativeTo(
      (next: any) => (args: any) => {
        args.request.headers['amz-sdk-invocation-id'] = invocation
        return next(args)
      },
      { relation: 'after', toMiddleware: 'retryMiddleware' },
    )
    const Records = ['a', 'b'].map((key) => ({ PartitionKey: key, Data: Buffer.from(key) }))
    for (let attempt = 0; attempt < 2; attempt++)
      await named.send(new PutRecordsCommand({ StreamName: name, Records }))
    named.destroy()
    const batch = await kafka.fetch(`stream.${name}`, 0, 0, 1 << 20)
    const ids = Array.from(
      { length: batch.length },
      (_, i) => decodeHeaders(batch.bytes, batch.headersStart[i])['weir-id'],
    )
    expect(ids).toEqual([0, 1, 0, 1].map((i) => `${invocation}-${i}`))
  })

  test('are answered in the order of the request, and stored in the shards of their keys', async () => {
    const name = await create(undefined)
    const Records = Array.from({ length: 500 }, (_, i) => ({
      PartitionKey: `key-${i % 50}`,
      Data: Buffer.from(`${i}`),
    }))
    const answer = await client.send(new PutRecordsCommand({ StreamName: name, Records }))
    expect(answer.FailedRecordCount).toBe(0)
    const byShard = new Map<string, string[]>()
    answer.Records!.forEach(({ ShardId, SequenceNumber }, i) =>
      byShard.set(ShardId!, [...(byShard.get(ShardId!) ?? []), `${SequenceNumber}:${i}`]),
    )
    expect(byShard.size).toBe(4)
    for (const [shard, expected] of byShard) {
      const { records } = await readAll(await iterator(name, shard, 'TRIM_HORIZON'))
      expect(records.map((record) => `${record.SequenceNumber}:${text(record)}`)).toEqual(expected)
    }
  })

  test('are stored by an explicit hash key rather than by the partition key', async () => {
    const name = await create(2)
    const put = async (ExplicitHashKey: string) =>
      (
        await client.send(
          new PutRecordCommand({
            StreamName: name,
            PartitionKey: 'same',
            ExplicitHashKey,
            Data: Buffer.from(''),
          }),
        )
      ).ShardId
    expect([
      await put('0'),
      await put(String(2n ** 127n - 1n)),
      await put(String(2n ** 127n)),
      await put(String(2n ** 128n - 1n)),
    ]).toEqual([shardOf(0), shardOf(0), shardOf(1), shardOf(1)])
    await expect(put(String(2n ** 128n))).rejects.toMatchObject({ name: 'InvalidArgumentException' })
  })

  test('are read by iterators of all five types', async () => {
    const name = await create(1)
    const put = async (data: string) =>
      (
        await client.send(
          new PutRecordCommand({ StreamName: name, PartitionKey: 'k', Data: Buffer.from(data) }),
        )
      ).SequenceNumber!
    const [, second] = [await put('1'), await put('2')]
    await sleep(50)
    const between = new Date()
    await sleep(50)
    const latest = await iterator(name, shardOf(0), 'LATEST')
    await put('3')
    const read = async (type: string, rest: object = {}) =>
      (await readAll(await iterator(name, shardOf(0), type, rest))).records.map(text)
    expect(await read('TRIM_HORIZON')).toEqual(['1', '2', '3'])
    expect(await read('AT_SEQUENCE_NUMBER', { StartingSequenceNumber: second })).toEqual(['2', '3'])
    expect(await read('AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber: second })).toEqual(['3'])
    expect(await read('AT_TIMESTAMP', { Timestamp: between })).toEqual(['3'])
    expect((await readAll(latest)).records.map(text)).toEqual(['3'])
    await expect(client.send(new GetRecordsCommand({ ShardIterator: 'AAAA' }))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'Invalid ShardIterator.',
    })
  })

  test('are refused one by one beyond 1,000 a second in a provisioned shard', async () => {
    const name = await create(1)
    const put = () =>
      client.send(
        new PutRecordsCommand({
          StreamName: name,
          Records: Array.from({ length: 500 }, () => ({ PartitionKey: 'k', Data: Buffer.from('x') })),
        }),
      )
    const answers = await Promise.all([put(), put(), put(), put()])
    const failed = answers.reduce((sum, { FailedRecordCount }) => sum + FailedRecordCount!, 0)
    expect(failed).toBeGreaterThan(500)
    const refused = answers
      .flatMap(({ Records }) => Records!)
      .find(({ ErrorCode }) => ErrorCode !== undefined)
    expect(refused).toEqual({
      ErrorCode: 'ProvisionedThroughputExceededException',
      ErrorMessage: `Rate exceeded for shard ${shardOf(0)} in stream ${name} under account 000000000000.`,
    })
    expect((await readAll(await iterator(name, shardOf(0), 'TRIM_HORIZON'))).records).toHaveLength(
      2000 - failed,
    )
  })

  test('are not stored if a request is too large, has too many of them or is wrong', async () => {
    const name = await create(1)
    const record = { PartitionKey: 'k', Data: Buffer.from('x') }
    const tooLarge = new PutRecordCommand({ StreamName: name, ...record, Data: Buffer.alloc((1 << 20) + 1) })
    await expect(client.send(tooLarge)).rejects.toMatchObject({ name: 'ValidationException' })
    await expect(
      client.send(new PutRecordsCommand({ StreamName: name, Records: Array(501).fill(record) })),
    ).rejects.toMatchObject({ name: 'ValidationException' })
    await expect(client.send(new PutRecordsCommand({ StreamName: name, Records: [] }))).rejects.toMatchObject(
      { name: 'ValidationException' },
    )
    const tenth = (key: string) => ({
      PartitionKey: key,
      Data: Buffer.alloc((1 << 20) - Buffer.byteLength(key)),
    })
    const over = [
      ...Array(9).fill(tenth('ü'.repeat(100))),
      tenth('k'),
      { PartitionKey: 'k', Data: Buffer.alloc(0) },
    ]
    await expect(
      client.send(new PutRecordsCommand({ StreamName: name, Records: over })),
    ).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'Records size exceeds 10 MB limit: the request has 10485761 bytes.',
    })
    await expect(
      client.send(new PutRecordCommand({ StreamName: name, ...record, PartitionKey: 'k'.repeat(257) })),
    ).rejects.toMatchObject({ name: 'ValidationException' })
    expect((await readAll(await iterator(name, shardOf(0), 'TRIM_HORIZON'))).records).toEqual([])
    await client.send(
      new PutRecordCommand({ StreamName: name, ...record, Data: Buffer.alloc((1 << 20) - 1) }),
    )
    const onDemand = await create(undefined)
    const Records = Array(10).fill(tenth('ü'.repeat(100)))
    const largest = await client.send(new PutRecordsCommand({ StreamName: onDemand, Records }))
    expect(largest.FailedRecordCount).toBe(0)
    const StreamARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${onDemand}`
    await client.send(new UpdateMaxRecordSizeCommand({ StreamARN, MaxRecordSizeInKiB: 2048 }))
    const put = (bytes: number) =>
      client.send(new PutRecordCommand({ StreamName: onDemand, ...record, Data: Buffer.alloc(bytes) }))
    await put((2 << 20) - 1)
    await expect(put(2 << 20)).rejects.toMatchObject({ name: 'ValidationException' })
  })

  test('are refused if the sequence number for ordering is invalid or from the future', async () => {
    const put = { StreamName: await create(1), PartitionKey: 'k', Data: Buffer.from('x') }
    // The layout of a sequence number, with all seconds far ahead.
    const ahead = BigInt(`0x2${'f'.repeat(10)}${'7'.padEnd(16, 'f')}00${'0'.repeat(9)}7fffffff2`)
    for (const SequenceNumberForOrdering of ['5', String(ahead)]) {
      await expect(
        client.send(new PutRecordCommand({ ...put, SequenceNumberForOrdering })),
      ).rejects.toMatchObject({ name: 'InvalidArgumentException' })
    }
    const { SequenceNumber } = await client.send(new PutRecordCommand(put))
    await client.send(new PutRecordCommand({ ...put, SequenceNumberForOrdering: SequenceNumber }))
    expect((await readAll(await iterator(put.StreamName, shardOf(0), 'TRIM_HORIZON'))).records).toHaveLength(
      2,
    )
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
