/**
 * Made-up tokens, iterators, sequence numbers, times and ARNs are refused with AWS's errors; none causes an
 * internal error.
 */
import { kinesisModel } from '@weir/aws'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { forgedTokens } from './hostile-tokens.suite.ts'
import { ACCOUNT, type HostileStream, isClients, openHostileStream, SHARD } from './testing/hostile-stream.ts'

let opened: HostileStream
beforeAll(async () => {
  opened = await openHostileStream()
})
afterAll(() => opened?.stop())
const stream = () => opened

forgedTokens(stream)

test("impossible times are refused with AWS's errors, and early ones mean the beginning", async () => {
  const { good, wrongAnswers, name, consumerArn } = stream()
  const fractions = [-0.0001, -0.0005, -0.001, -0.002, -0.003, -0.004, -0.005, 0.0001]
  const early = [...fractions, -1, -5, -62_135_596_800, -1e12, -1e300, 0, 1]
  const place = { StreamName: name, ShardId: SHARD, ShardIteratorType: 'AT_TIMESTAMP' }
  for (const Timestamp of early) {
    const at = await good('GetShardIterator', { ...place, Timestamp })
    expect((await good('GetRecords', at)).Records).toHaveLength(1)
  }
  const late = [1e300, 253_402_300_800, Date.now() / 1000 + 60]
  const others = [...late, '-1', 'now', '2020-01-01T00:00:00Z', [], {}, true, null]
  const requests = [...early, ...others].flatMap((Timestamp): [string, object][] => [
    ['GetShardIterator', { ...place, Timestamp }],
    ['ListShards', { StreamName: name, ShardFilter: { Type: 'AT_TIMESTAMP', Timestamp } }],
    ['ListShards', { StreamName: name, ShardFilter: { Type: 'FROM_TIMESTAMP', Timestamp }, MaxResults: 1 }],
    ['ListShards', { StreamName: name, StreamCreationTimestamp: Timestamp }],
    [
      'SubscribeToShard',
      {
        ConsumerARN: consumerArn,
        ShardId: SHARD,
        StartingPosition: { Type: 'AT_TIMESTAMP', Timestamp },
      },
    ],
  ])
  expect(await wrongAnswers(requests, isClients)).toEqual([])
})

test("hostile values of any member of any operation are refused with AWS's errors", async () => {
  const { askInCbor, wrongAnswers, name, arn, consumerArn } = stream()
  const values = [
    '',
    '\0',
    '__proto__',
    '9'.repeat(39),
    'x'.repeat(3000),
    'arn:aws:kinesis:us-east-1:111111111111:stream/x',
    `arn:aws:kinesis:us-east-1:${ACCOUNT}:stream/x/consumer/y:${'9'.repeat(400)}`,
    null,
    -1,
    1e300,
    [null],
    { a: {} },
  ]
  // Requests that change nothing, or always change the same thing.
  const usual: Readonly<Record<string, unknown>> = {
    StreamName: name,
    ResourceARN: arn,
    ConsumerARN: consumerArn,
    ConsumerName: 'one',
    ShardIterator: 'x',
    Policy: 'x',
    ShardId: SHARD,
    ShardToSplit: SHARD,
    ShardToMerge: SHARD,
    AdjacentShardToMerge: SHARD,
    NewStartingHashKey: '0',
    ShardCount: 100_000,
    TargetShardCount: 1000,
    ScalingType: 'UNIFORM_SCALING',
    RetentionPeriodHours: 1,
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
    MaxRecordSizeInKiB: 1024,
    ShardLevelMetrics: ['ALL'],
    EncryptionType: 'KMS',
    KeyId: 'k',
    Tags: { a: 'b' },
    TagKeys: ['a'],
    ShardIteratorType: 'LATEST',
    StartingPosition: { Type: 'LATEST' },
    PartitionKey: 'k',
    Data: '',
    Records: [{ Data: '', PartitionKey: 'k' }],
  }
  const harmless: Readonly<Record<string, object>> = {
    DeleteStream: { StreamName: 'none' },
    DeregisterStreamConsumer: { ConsumerARN: undefined, StreamARN: arn, ConsumerName: 'none' },
  }
  const requests: [string, object][] = []
  for (const [operation, { input }] of Object.entries(kinesisModel.operations)) {
    const shape = kinesisModel.shapes[input!]
    if (shape.type !== 'structure') continue
    // StreamId is never read.
    const members = Object.keys(shape.members).filter((member) => member !== 'StreamId')
    const known = members.filter((member) => member in usual).map((member) => [member, usual[member]])
    const base: Record<string, unknown> = { ...Object.fromEntries(known), ...harmless[operation] }
    if (!('StreamName' in base) && 'StreamARN' in shape.members) base.StreamARN = arn
    for (const member of members)
      for (const value of values) requests.push([operation, { ...base, [member]: value }])
  }
  expect(requests.length).toBeGreaterThan(1000)
  expect(await wrongAnswers(requests, isClients)).toEqual([])
  const written = requests.map(([operation, input]): [string, object] => [
    operation,
    JSON.parse(JSON.stringify(input)),
  ])
  const inCbor = (value: unknown): [string, object][] =>
    written.map(([operation, input]) => [operation, { ...input, StreamARN: value }])
  const foreign = [new Uint8Array([255, 0]), 2 ** 53 - 1, new Map([['a', [null]]])]
  expect(
    await wrongAnswers(
      [...written, ...foreign.flatMap((value) => inCbor(value).slice(0, 500))],
      isClients,
      askInCbor,
    ),
  ).toEqual([])
}, 300_000)
