/** Tokens, iterators, sequence numbers, times and ARNs that no client was given. Each must be refused in AWS's words, and none may fail inside. */
import { kinesisModel } from '@weir/aws'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { prepare, startHub, type Hub } from '../../testing/hub.ts'

const ACCOUNT = '000000000000'
const SHARD = 'shardId-000000000000'
/** Requests under way at once. */
const AT_ONCE = 16
/** Bytes. An error quotes no more than a part of what it got, and tells ten problems at most. */
const MAX_ERROR_BYTES = 16 << 10

interface Answer {
  readonly status: number
  readonly body: any
}

let hub: Hub
let name: string
let arn: string
let consumerArn: string
let sequenceNumber: string

beforeAll(async () => {
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry()])
  const backends = { brokers, registryUrl: url }
  const { stop } = await prepare(backends)
  await stop()
  hub = await startHub(backends)
  name = uniqueName('hostile')
  arn = `arn:aws:kinesis:us-east-1:${ACCOUNT}:stream/${name}`
  await good('CreateStream', { StreamName: name, ShardCount: 2 })
  const status = async () => (await good('DescribeStreamSummary', { StreamName: name })).StreamDescriptionSummary.StreamStatus
  await vi.waitFor(async () => expect(await status()).toBe('ACTIVE'), { timeout: 30_000 })
  consumerArn = (await good('RegisterStreamConsumer', { StreamARN: arn, ConsumerName: 'one' })).Consumer.ConsumerARN
  await good('RegisterStreamConsumer', { StreamARN: arn, ConsumerName: 'two' })
  const put = { StreamName: name, PartitionKey: 'k', ExplicitHashKey: '0', Data: 'aGVsbG8=' }
  sequenceNumber = (await good('PutRecord', put)).SequenceNumber
})
afterAll(async () => {
  hub.kill('SIGTERM')
  expect(await hub.exited).toBe(0)
})

async function ask(operation: string, input: unknown): Promise<Answer> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Kinesis_20131202.${operation}` }
  const gone = new AbortController()
  const response = await fetch(hub.url, { method: 'POST', headers, body: JSON.stringify(input), signal: gone.signal })
  if (response.headers.get('content-type') !== 'application/vnd.amazon.eventstream') {
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  }
  gone.abort()
  return { status: response.status, body: {} }
}

async function good(operation: string, input: object): Promise<any> {
  const { status, body } = await ask(operation, input)
  expect([status, body]).toEqual([200, expect.anything()])
  return body
}

/** Sends all of them, and returns those that were answered otherwise than allowed. */
async function wrongAnswers(requests: readonly [operation: string, input: unknown][], allowed: (answer: Answer) => boolean): Promise<string[]> {
  const wrong: string[] = []
  const queue = [...requests]
  const send = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const answer = await ask(...next)
      // Under load a replica may lose its lease for a moment.
      if (answer.status !== 503 && !allowed(answer)) wrong.push(`${next[0]} ${JSON.stringify(next[1]).slice(0, 300)}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, send))
  expect(hub.logs().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  return wrong
}

const refusedAs = (...codes: string[]) => ({ status, body }: Answer): boolean => status === 400 && codes.includes(body.__type)
const isClients = ({ status, body }: Answer): boolean =>
  status === 200 || (status === 400 && typeof body.__type === 'string' && JSON.stringify(body).length < MAX_ERROR_BYTES)

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64')

/** Every one with one bit changed, cut off, doubled. */
function mutations(text: string): string[] {
  const bytes = Buffer.from(text, 'base64')
  const found = [text + text, text.slice(1), `${text}=`, ` ${text}`, `${text}\n`, `"${text}`, `""${text}""`, `'${text}'`, text.replaceAll('A', '-')]
  for (let i = 0; i < bytes.length; i += 2) {
    const changed = Buffer.from(bytes)
    changed[i] ^= 1 << (i % 7)
    found.push(base64(changed))
  }
  for (let length = 0; length < bytes.length; length += 7) found.push(base64(bytes.subarray(0, length)))
  return found.filter((mutation) => mutation !== text && mutation !== '')
}

test('iterators', async () => {
  const { ShardIterator: iterator } = await good('GetShardIterator', { StreamName: name, ShardId: SHARD, ShardIteratorType: 'TRIM_HORIZON' })
  const text = Buffer.from(iterator, 'base64').toString('latin1')
  const [issued, , createdAt, , offset] = text.slice(8).split('/')
  const made = (fields: { issued?: string, stream?: string, createdAt?: string, shard?: string, offset?: string }): string => {
    const all = { issued, stream: name, createdAt, shard: SHARD, offset, ...fields }
    return base64(`${text.slice(0, 8)}${all.issued}/${all.stream}/${all.createdAt}/${all.shard}/${all.offset}/`.padEnd(8 + 144, '\0'))
  }
  expect((await good('GetRecords', { ShardIterator: made({}) })).Records).toHaveLength(1)
  expect((await good('GetRecords', { ShardIterator: `"${iterator}"` })).Records).toHaveLength(1)
  const forged = [
    ...['2', '7', '100000', '9007199254740993', '9999999999999999', '18446744073709551615', '-1', '1.5', '1e3', '', 'NaN', '0x1', '٣'].map((offset) => made({ offset })),
    ...['0', '1', '-1', '999999999999999', String(Date.now() + 60_000), '', 'x'].map((issued) => made({ issued })),
    ...['', 'x', '..', 'a/b', `${name}x`, '__proto__', 'é', ' '].map((stream) => made({ stream })),
    ...['shardId-000000000009', 'shardId-9', '', '__proto__', 'shardId-999999999999'].map((shard) => made({ shard })),
    ...['0', '999999999999999', '', '-1'].map((createdAt) => made({ createdAt })),
    ...mutations(iterator), 'AAAA', base64('{}'), '"', '""', '"AAAA"', 'x'.repeat(512),
  ]
  const requests = forged.map((ShardIterator): [string, object] => ['GetRecords', { ShardIterator }])
  // A changed bit may make another number of the time at which it was given out, of which any may be right.
  const allowed = (answer: Answer): boolean => answer.status === 200
    || refusedAs('InvalidArgumentException', 'ExpiredIteratorException', 'ResourceNotFoundException', 'ValidationException')(answer)
  expect(await wrongAnswers(requests, allowed)).toEqual([])
  for (const offset of ['2', '100000', '9007199254740991']) {
    const past = await ask('GetRecords', { ShardIterator: made({ offset }) })
    expect(past).toEqual({ status: 400, body: { __type: 'InvalidArgumentException', message: 'Invalid ShardIterator.' } })
  }
})

test('tokens of lists', async () => {
  const lists: [string, object][] = [
    ['ListShards', { MaxResults: 1, StreamName: name }], ['ListStreamConsumers', { StreamARN: arn, MaxResults: 1 }],
    ['ListStreams', { Limit: 1 }],
  ]
  await good('CreateStream', { StreamName: `${name}-2`, ShardCount: 1 })
  for (const [operation, input] of lists) {
    const { NextToken: token } = await good(operation, input)
    const rest = operation === 'ListStreamConsumers' ? { StreamARN: arn } : {}
    await good(operation, { NextToken: token, ...rest })
    const now = Date.now()
    const list = { ListShards: 'shards', ListStreams: 'streams' }[operation] ?? `consumers of ${name}`
    const asked = [null, undefined, 0, 'x', [], {}, { stream: null }, { stream: 5 }, { stream: {} }, { stream: name, filter: null },
      { stream: name, filter: 'x' }, { stream: name, filter: { Type: 'AT_TIMESTAMP', Timestamp: 'never' } }, { stream: name, filter: { Type: 'X' } }]
    const json = [...asked.map((asked) => ({ issued: now, list, after: '', asked })), null, [], 'x', 5, { list }, { issued: now, list, after: null, asked: {} }]
    const texts = [
      `${now}/shards/${name}//X//`, `${now}/shards/${name}//AT_TIMESTAMP//x`, `${now}/shards/${name}//AT_TIMESTAMP//`, `${now}/shards//`,
      `${now}/shards/${name}//AT_TIMESTAMP//${'9'.repeat(400)}`, `${now}/streams/`, `${now}/streams`, `${now}/consumers`, `x/${list}/`, '////////////',
      `${now}/shards/__proto__//AFTER_SHARD_ID//`, `-1/${list}/a`, `${now + 60_000}/${list}/a`, '\0', '0',
    ]
    const forged = [...json.map((value) => base64(JSON.stringify(value))), ...texts.map(base64), ...mutations(token), 'x', '0', '!', 'x'.repeat(100_000)]
    const requests = forged.map((NextToken): [string, object] => [operation, { NextToken, ...rest }])
    const allowed = (answer: Answer): boolean => answer.status === 200
      || refusedAs('InvalidArgumentException', 'ExpiredNextTokenException', 'ResourceNotFoundException')(answer)
    expect(await wrongAnswers(requests, allowed)).toEqual([])
    const nothingAsked = base64(JSON.stringify({ issued: now, list, after: '', asked: null }))
    expect((await ask(operation, { NextToken: nothingAsked, ...rest })).body).toEqual({ __type: 'InvalidArgumentException', message: 'Invalid NextToken.' })
  }
})

test('sequence numbers', async () => {
  const right = BigInt(sequenceNumber)
  const changed = Array.from({ length: 186 }, (_, bit) => right ^ (1n << BigInt(bit)))
  const place = 1n << 80n
  const made = [0n, 1n, right + place * 2n, right + place * 1000n, right + place * (2n ** 53n), right + place * (2n ** 62n), 10n ** 128n, 2n ** 128n, 2n ** 64n - 1n]
  const numbers = [...[...changed, ...made].map(String), '', '-1', '01', '1.5', 'x', '9'.repeat(130), '１']
  const reads = numbers.map((StartingSequenceNumber): [string, object] =>
    ['GetShardIterator', { StreamName: name, ShardId: SHARD, ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber }])
  const others = numbers.filter((_, i) => i % 8 === 0).flatMap((number): [string, object][] => [
    ['SubscribeToShard', { ConsumerARN: consumerArn, ShardId: SHARD, StartingPosition: { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber: number } }],
    ['PutRecord', { StreamName: name, PartitionKey: 'k', ExplicitHashKey: String(2n ** 127n), Data: '', SequenceNumberForOrdering: number }],
  ])
  expect(await wrongAnswers([...reads, ...others], isClients)).toEqual([])
  for (const number of [right + place * 2n, right + place * 2n ** 62n]) {
    const asked = { StreamName: name, ShardId: SHARD, ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: String(number) }
    const { body } = await ask('GetShardIterator', asked)
    expect(body.message).toBe(`StartingSequenceNumber ${number} used in GetShardIterator on shard ${SHARD} in stream ${name} under account ${ACCOUNT} is invalid.`)
  }
  // Behind the newest record is where the next one will be.
  for (const [type, number] of [['AFTER_SEQUENCE_NUMBER', right], ['AT_SEQUENCE_NUMBER', right + place]]) {
    const at = { StreamName: name, ShardId: SHARD, ShardIteratorType: type, StartingSequenceNumber: String(number) }
    expect((await good('GetRecords', await good('GetShardIterator', at))).Records).toEqual([])
  }
})

test('times', async () => {
  const early = [-0.0001, -0.0005, -0.001, -0.002, -0.003, -0.004, -0.005, -1, -5, -62_135_596_800, -1e12, -1e300, 0, 0.0001, 1]
  for (const Timestamp of early) {
    const at = await good('GetShardIterator', { StreamName: name, ShardId: SHARD, ShardIteratorType: 'AT_TIMESTAMP', Timestamp })
    expect((await good('GetRecords', at)).Records).toHaveLength(1)
  }
  const others = [1e300, 253_402_300_800, Date.now() / 1000 + 60, '-1', 'now', '2020-01-01T00:00:00Z', [], {}, true, null]
  const requests = [...early, ...others].flatMap((Timestamp): [string, object][] => [
    ['GetShardIterator', { StreamName: name, ShardId: SHARD, ShardIteratorType: 'AT_TIMESTAMP', Timestamp }],
    ['ListShards', { StreamName: name, ShardFilter: { Type: 'AT_TIMESTAMP', Timestamp } }],
    ['ListShards', { StreamName: name, ShardFilter: { Type: 'FROM_TIMESTAMP', Timestamp }, MaxResults: 1 }],
    ['ListShards', { StreamName: name, StreamCreationTimestamp: Timestamp }],
    ['SubscribeToShard', { ConsumerARN: consumerArn, ShardId: SHARD, StartingPosition: { Type: 'AT_TIMESTAMP', Timestamp } }],
  ])
  expect(await wrongAnswers(requests, isClients)).toEqual([])
})

test('any member of any operation', async () => {
  const values = [
    '', '\0', '__proto__', '9'.repeat(39), 'x'.repeat(3000), `arn:aws:kinesis:us-east-1:${ACCOUNT}:stream/x/consumer/y:${'9'.repeat(400)}`,
    'arn:aws:kinesis:us-east-1:111111111111:stream/x', null, -1, 1e300, [null], { a: {} },
  ]
  const shard = { ShardId: SHARD, ShardToSplit: SHARD, ShardToMerge: SHARD, AdjacentShardToMerge: SHARD, NewStartingHashKey: '0' }
  const usual: Readonly<Record<string, unknown>> = {
    ...shard, StreamName: name, ShardCount: 100_000, TargetShardCount: 1000, ScalingType: 'UNIFORM_SCALING', RetentionPeriodHours: 1, MaxRecordSizeInKiB: 1024,
    ShardLevelMetrics: ['ALL'], EncryptionType: 'KMS', KeyId: 'k', Tags: { a: 'b' }, TagKeys: ['a'], ResourceARN: arn, ConsumerARN: consumerArn, Policy: 'x',
    ConsumerName: 'one', StreamModeDetails: { StreamMode: 'PROVISIONED' }, ShardIteratorType: 'LATEST', StartingPosition: { Type: 'LATEST' }, ShardIterator: 'x',
    PartitionKey: 'k', Data: '', Records: [{ Data: '', PartitionKey: 'k' }],
  }
  const requests: [string, object][] = []
  for (const [operation, { input }] of Object.entries(kinesisModel.operations)) {
    const shape = kinesisModel.shapes[input!]
    if (shape.type !== 'structure') continue
    // Nothing reads the id of a stream.
    const members = Object.keys(shape.members).filter((member) => member !== 'StreamId')
    const base: Record<string, unknown> = Object.fromEntries(members.filter((member) => member in usual).map((member) => [member, usual[member]]))
    if (!('StreamName' in base) && 'StreamARN' in shape.members) base.StreamARN = arn
    if (operation === 'DeleteStream' || operation === 'DeregisterStreamConsumer') Object.assign(base, { StreamName: 'none', ConsumerARN: undefined, ConsumerName: 'none' })
    for (const member of members) for (const value of values) requests.push([operation, { ...base, [member]: value }])
  }
  expect(requests.length).toBeGreaterThan(1000)
  expect(await wrongAnswers(requests, isClients)).toEqual([])
}, 300_000)
