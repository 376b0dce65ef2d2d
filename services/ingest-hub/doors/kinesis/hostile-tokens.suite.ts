/** Made-up iterators, tokens and sequence numbers. hostile-input.it.test.ts runs it on its stream. */
import { expect, test } from 'vitest'
import { ACCOUNT, type HostileStream, isClients, refusedAs, SHARD } from './testing/hostile-stream.ts'

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

export function forgedTokens(stream: () => HostileStream): void {
  test("forged iterators are refused with AWS's errors", () => forgedIterators(stream()))
  test("forged tokens of lists are refused with AWS's errors", () => forgedTokensOfLists(stream()))
  test("forged sequence numbers are refused with AWS's errors", () => forgedSequenceNumbers(stream()))
}

async function forgedIterators({ ask, good, wrongAnswers, name }: HostileStream): Promise<void> {
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
}

async function forgedTokensOfLists({ ask, good, wrongAnswers, name, arn }: HostileStream): Promise<void> {
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
}

async function forgedSequenceNumbers({
  ask,
  good,
  wrongAnswers,
  name,
  consumerArn,
  sequenceNumber,
}: HostileStream): Promise<void> {
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
}
