/**
 * Made-up tokens, iterators, sequence numbers, times and ARNs are refused with AWS's errors; none causes an
 * internal error.
 */
import { kinesisModel } from '@weir/aws'
import { servers, uniqueName } from '@weir/testkit'
import { decode, encode } from 'cborg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Hub, prepare, startHub } from '../../testing/hub.ts'

const ACCOUNT = '000000000000'
const SHARD = 'shardId-000000000000'
/** The number of concurrent requests. */
const AT_ONCE = 16
/** Errors quote only a part of each value. */
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
  await vi.waitFor(
    async () => {
      const { StreamDescriptionSummary: summary } = await good('DescribeStreamSummary', { StreamName: name })
      expect(summary.StreamStatus).toBe('ACTIVE')
    },
    { timeout: 30_000 },
  )
  consumerArn = (await good('RegisterStreamConsumer', { StreamARN: arn, ConsumerName: 'one' })).Consumer
    .ConsumerARN
  await good('RegisterStreamConsumer', { StreamARN: arn, ConsumerName: 'two' })
  const put = { StreamName: name, PartitionKey: 'k', ExplicitHashKey: '0', Data: 'aGVsbG8=' }
  sequenceNumber = (await good('PutRecord', put)).SequenceNumber
})
afterAll(async () => {
  hub.kill('SIGTERM')
  expect(await hub.exited).toBe(0)
})

async function ask(operation: string, input: unknown): Promise<Answer> {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `Kinesis_20131202.${operation}`,
  }
  const gone = new AbortController()
  const response = await fetch(hub.url, {
    method: 'POST',
    headers,
    body: JSON.stringify(input),
    signal: gone.signal,
  })
  if (response.headers.get('content-type') !== 'application/vnd.amazon.eventstream') {
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  }
  gone.abort()
  return { status: response.status, body: {} }
}

async function askInCbor(operation: string, input: unknown): Promise<Answer> {
  const headers = {
    'content-type': 'application/x-amz-cbor-1.1',
    'x-amz-target': `Kinesis_20131202.${operation}`,
  }
  const gone = new AbortController()
  const response = await fetch(hub.url, { method: 'POST', headers, body: encode(input), signal: gone.signal })
  if (response.status !== 200)
    return { status: response.status, body: decode(new Uint8Array(await response.arrayBuffer())) }
  gone.abort()
  return { status: response.status, body: {} }
}

async function good(operation: string, input: object): Promise<any> {
  const { status, body } = await ask(operation, input)
  expect([status, body]).toEqual([200, expect.anything()])
  return body
}

/** Sends all requests. Returns those whose answers are not allowed. */
async function wrongAnswers(
  requests: readonly [operation: string, input: unknown][],
  allowed: (answer: Answer) => boolean,
  send = ask,
): Promise<string[]> {
  const wrong: string[] = []
  const queue = [...requests]
  const sendAll = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const answer = await send(...next)
      // Under load a replica may lose its lease for a moment.
      if (answer.status !== 503 && !allowed(answer)) wrong.push(JSON.stringify([next, answer]).slice(0, 500))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, sendAll))
  expect(hub.logs().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  return wrong
}

/** Allows success, since a changed bit may make another valid value. */
const refusedAs =
  (...codes: string[]) =>
  ({ status, body }: Answer): boolean =>
    status === 200 || (status === 400 && codes.includes(body.__type))
const isClients = ({ status, body }: Answer): boolean =>
  status === 200 ||
  (status === 400 && typeof body.__type === 'string' && JSON.stringify(body).length < MAX_ERROR_BYTES)

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64')

/** Returns the text doubled, quoted, truncated, and with one bit changed. */
function mutations(text: string): string[] {
  const bytes = Buffer.from(text, 'base64')
  const quoted = [`"${text}`, `""${text}""`, `'${text}'`]
  const found = [
    text + text,
    text.slice(1),
    `${text}=`,
    ` ${text}`,
    `${text}\n`,
    text.replaceAll('A', '-'),
    ...quoted,
  ]
  for (let i = 0; i < bytes.length; i += 2) {
    const changed = Buffer.from(bytes)
    changed[i] ^= 1 << (i % 7)
    found.push(base64(changed))
  }
  for (let length = 0; length < bytes.length; length += 7) found.push(base64(bytes.subarray(0, length)))
  return found.filter((mutation) => mutation !== text && mutation !== '')
}

test("forged iterators are refused with AWS's errors", async () => {
  const asked = { StreamName: name, ShardId: SHARD, ShardIteratorType: 'TRIM_HORIZON' }
  const { ShardIterator: iterator } = await good('GetShardIterator', asked)
  const text = Buffer.from(iterator, 'base64').toString('latin1')
  const [issued, , createdAt, , offset] = text.slice(8).split('/')
  const fields = { issued, stream: name, createdAt, shard: SHARD, offset }
  const made = (changes: Partial<typeof fields>): string =>
    base64(`${text.slice(0, 8)}${Object.values({ ...fields, ...changes }).join('/')}/`.padEnd(8 + 144, '\0'))
  expect((await good('GetRecords', { ShardIterator: made({}) })).Records).toHaveLength(1)
  expect((await good('GetRecords', { ShardIterator: `"${iterator}"` })).Records).toHaveLength(1)
  const forged = [
    ...['2', '7', '100000', '9007199254740993', '9999999999999999'].map((offset) => made({ offset })),
    ...['18446744073709551615', '-1', '1.5', '1e3', '', 'NaN', '0x1', '٣'].map((offset) => made({ offset })),
    ...['0', '1', '-1', '999999999999999', String(Date.now() + 600_000), '', 'x'].map((issued) =>
      made({ issued }),
    ),
    ...['', 'x', '..', 'a/b', `${name}x`, '__proto__', 'é', ' '].map((stream) => made({ stream })),
    ...['shardId-000000000009', 'shardId-9', '', '__proto__', 'shardId-999999999999'].map((shard) =>
      made({ shard }),
    ),
    ...['0', '999999999999999', '', '-1'].map((createdAt) => made({ createdAt })),
    ...mutations(iterator),
    'AAAA',
    base64('{}'),
    '"',
    '""',
    '"AAAA"',
    'x'.repeat(512),
  ]
  const requests = forged.map((ShardIterator): [string, object] => ['GetRecords', { ShardIterator }])
  const allowed = refusedAs(
    'InvalidArgumentException',
    'ExpiredIteratorException',
    'ResourceNotFoundException',
    'ValidationException',
  )
  expect(await wrongAnswers(requests, allowed)).toEqual([])
  for (const offset of ['2', '100000', '9007199254740991']) {
    const { status, body } = await ask('GetRecords', { ShardIterator: made({ offset }) })
    expect([status, body]).toEqual([
      400,
      { __type: 'InvalidArgumentException', message: 'Invalid ShardIterator.' },
    ])
  }
})

test("forged tokens of lists are refused with AWS's errors", async () => {
  const lists: [string, object][] = [
    ['ListShards', { MaxResults: 1, StreamName: name }],
    ['ListStreamConsumers', { StreamARN: arn, MaxResults: 1 }],
    ['ListStreams', { Limit: 1 }],
  ]
  await good('CreateStream', { StreamName: `${name}-2`, ShardCount: 1 })
  for (const [operation, input] of lists) {
    const { NextToken: token } = await good(operation, input)
    const rest = operation === 'ListStreamConsumers' ? { StreamARN: arn } : {}
    await good(operation, { NextToken: token, ...rest })
    const now = Date.now()
    const list = { ListShards: 'shards', ListStreams: 'streams' }[operation] ?? `consumers of ${name}`
    const filters = [null, 'x', { Type: 'AT_TIMESTAMP', Timestamp: 'never' }, { Type: 'X' }]
    const asked = [
      null,
      undefined,
      0,
      'x',
      [],
      {},
      { stream: null },
      { stream: 5 },
      { stream: {} },
      ...filters.map((filter) => ({ stream: name, filter })),
    ]
    const json = [
      ...asked.map((asked) => ({ issued: now, list, after: '', asked })),
      null,
      [],
      'x',
      5,
      { list },
      { issued: now, list, after: null, asked: {} },
    ]
    const texts = [
      ...['X//', 'AT_TIMESTAMP//x', 'AT_TIMESTAMP//', `AT_TIMESTAMP//${'9'.repeat(400)}`].map(
        (filter) => `${now}/shards/${name}//${filter}`,
      ),
      `${now}/shards/__proto__//AFTER_SHARD_ID//`,
      `${now}/shards//`,
      `${now}/streams/`,
      `${now}/streams`,
      `${now}/consumers`,
      `x/${list}/`,
      `-1/${list}/a`,
      `${now + 600_000}/${list}/a`,
      '////////////',
      '\0',
      '0',
    ]
    const jsonTokens = json.map((value) => base64(JSON.stringify(value)))
    const forged = [
      ...jsonTokens,
      ...texts.map(base64),
      ...mutations(token),
      'x',
      '0',
      '!',
      'x'.repeat(100_000),
    ]
    const requests = forged.map((NextToken): [string, object] => [operation, { NextToken, ...rest }])
    const codes = ['InvalidArgumentException', 'ExpiredNextTokenException', 'ResourceNotFoundException']
    expect(await wrongAnswers(requests, refusedAs(...codes))).toEqual([])
    const { body } = await ask(operation, { NextToken: jsonTokens[0], ...rest })
    expect(body).toEqual({ __type: 'InvalidArgumentException', message: 'Invalid NextToken.' })
  }
})

test("forged sequence numbers are refused with AWS's errors", async () => {
  const right = BigInt(sequenceNumber)
  const changed = Array.from({ length: 186 }, (_, bit) => right ^ (1n << BigInt(bit)))
  const place = 1n << 80n
  const beyond = [2n, 1000n, 2n ** 53n, 2n ** 62n].map((places) => right + place * places)
  const made = [0n, 1n, ...beyond, 10n ** 128n, 2n ** 128n, 2n ** 64n - 1n]
  const numbers = [...[...changed, ...made].map(String), '', '-1', '01', '1.5', 'x', '9'.repeat(130), '１']
  const type = 'AT_SEQUENCE_NUMBER'
  const reads = numbers.map((StartingSequenceNumber): [string, object] => [
    'GetShardIterator',
    { StreamName: name, ShardId: SHARD, ShardIteratorType: type, StartingSequenceNumber },
  ])
  const put = { StreamName: name, PartitionKey: 'k', ExplicitHashKey: String(2n ** 127n), Data: '' }
  const others = numbers
    .filter((_, i) => i % 8 === 0)
    .flatMap((SequenceNumber): [string, object][] => [
      [
        'SubscribeToShard',
        {
          ConsumerARN: consumerArn,
          ShardId: SHARD,
          StartingPosition: { Type: type, SequenceNumber },
        },
      ],
      ['PutRecord', { ...put, SequenceNumberForOrdering: SequenceNumber }],
    ])
  expect(await wrongAnswers([...reads, ...others], isClients)).toEqual([])
  for (const number of beyond) {
    const asked = {
      StreamName: name,
      ShardId: SHARD,
      ShardIteratorType: type,
      StartingSequenceNumber: String(number),
    }
    const { body } = await ask('GetShardIterator', asked)
    expect(body.message).toBe(
      `StartingSequenceNumber ${number} used in GetShardIterator on shard ${SHARD} ` +
        `in stream ${name} under account ${ACCOUNT} is invalid.`,
    )
  }
  // The place of the next record is valid.
  for (const [type, number] of [
    ['AFTER_SEQUENCE_NUMBER', right],
    ['AT_SEQUENCE_NUMBER', right + place],
  ]) {
    const at = {
      StreamName: name,
      ShardId: SHARD,
      ShardIteratorType: type,
      StartingSequenceNumber: String(number),
    }
    expect((await good('GetRecords', await good('GetShardIterator', at))).Records).toEqual([])
  }
})

test("impossible times are refused with AWS's errors, and early ones mean the beginning", async () => {
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
