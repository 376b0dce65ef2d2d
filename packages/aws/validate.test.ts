import { expect, test } from 'vitest'
import { AwsError } from './errors.ts'
import type { Model } from './model.ts'
import { kinesisModel } from './models/kinesis.ts'
import { compile } from './validate.ts'
import { decode } from './wire.ts'

function failureOf(operation: string, value: unknown, encoding: 'json' | 'cbor' = 'json'): AwsError {
  const check = compile(kinesisModel, kinesisModel.operations[operation].input!)
  try {
    check(encoding === 'json' ? decode(Buffer.from(JSON.stringify(value)), 'json') : value, encoding)
  } catch (error) {
    if (error instanceof AwsError) return error
    throw error
  }
  throw new Error('it was accepted')
}

/** Nests a value at a path such as records.0.data. */
function nested(path: string, value: unknown): unknown {
  return path.split('.').reduceRight((inner, piece) => (piece === '0' ? [inner] : { [piece]: inner }), value)
}

const NUMBER = 'class com.amazon.coral.value.json.numbers.TruncatingBigNumber'
const LIST: [unknown, string] = [[], 'Start of list found where not expected']
const STRUCTURE: [unknown, string] = [{}, 'Start of structure or map found where not expected.']
const numbers = (text: string): [unknown, string][] =>
  [23, -2147483648, 2147483648, 34.56].map((value) => [value, text])
const plain = (text: string): [unknown, string][] => [['23', text], [true, text], ...numbers(text)]
const javaOf = (what: string): [unknown, string][] => [
  ['23', `class java.lang.String can not be converted to ${what}`],
  [true, `class java.lang.Boolean can not be converted to ${what}`],
]

const WRONG_TYPES: Record<string, [unknown, string][]> = {
  Boolean: [
    ['23', "'23' can not be converted to an Boolean"],
    ['hello', "'HELLO' can not be converted to an Boolean"],
    [23, `${NUMBER} can not be converted to an Boolean`],
    LIST,
    STRUCTURE,
  ],
  String: [
    [true, 'class java.lang.Boolean can not be converted to an String'],
    ...numbers(`${NUMBER} can not be converted to an String`),
    LIST,
    STRUCTURE,
  ],
  Integer: [...javaOf('an Integer'), LIST, STRUCTURE],
  Blob: [
    [true, 'class java.lang.Boolean can not be converted to a Blob'],
    ...numbers(`${NUMBER} can not be converted to a Blob`),
    LIST,
    STRUCTURE,
    [
      '23456',
      "'23456' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 5",
    ],
    ['=+/=', "'=+/=' can not be converted to a Blob: Invalid Base64 character: '='"],
    ['+/+=', "'+/+=' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"],
    ['ab-_', "'ab-_' can not be converted to a Blob: Invalid Base64 character: '-'"],
    ['ab c', "'ab c' can not be converted to a Blob: Invalid Base64 character: ' '"],
    ['aébc', "'aébc' can not be converted to a Blob: Invalid Base64 character: 'é'"],
  ],
  Timestamp: [...javaOf('milliseconds since epoch'), LIST, STRUCTURE],
  List: [...plain('Expected list or null'), STRUCTURE],
  Map: [...plain('Expected map or null'), LIST],
  Structure: [...plain('Expected null'), LIST],
}

test.each([
  ['PutRecord', 'StreamName', 'String'],
  ['PutRecord', 'Data', 'Blob'],
  ['PutRecords', 'Records', 'List'],
  ['PutRecords', 'Records.0', 'Structure'],
  ['PutRecords', 'Records.0.Data', 'Blob'],
  ['PutRecords', 'Records.0.PartitionKey', 'String'],
  ['GetRecords', 'Limit', 'Integer'],
  ['PutRecord', 'DryRun', 'Boolean'],
  ['AddTagsToStream', 'Tags', 'Map'],
  ['AddTagsToStream', 'Tags.a', 'String'],
  ['RemoveTagsFromStream', 'TagKeys.0', 'String'],
  ['GetShardIterator', 'Timestamp', 'Timestamp'],
  ['CreateStream', 'StreamModeDetails', 'Structure'],
])('%s refuses a %s that is not a %s', (operation, path, type) => {
  for (const [value, text] of WRONG_TYPES[type])
    expect(failureOf(operation, nested(path, value))).toMatchObject({
      code: 'SerializationException',
      message: text,
      status: 400,
    })
})

test('a Long is read as a whole number, and text is refused', () => {
  const model: Model = {
    service: 'x',
    apiVersion: '1',
    protocol: 'json',
    operations: {},
    errors: {},
    shapes: { In: { type: 'structure', members: { N: 'L' } }, L: { type: 'long' } },
  }
  const check = compile(model, 'In')
  expect(() => check({ N: '23' })).toThrow('class java.lang.String can not be converted to an Long')
  expect(check({ N: -12345678901.9 })).toEqual({ N: -12345678901 })
})

const at = (value: string, path: string, text: string): string =>
  `Value ${value} at '${path}' failed to satisfy constraint: ${text}`
/** A record's data, and lists of records, are not shown. */
const unshown = (path: string, text: string): string =>
  `Value at '${path}' failed to satisfy constraint: ${text}`
const NOT_NULL = 'Member must not be null'
const least = (n: number): string => `Member must have length greater than or equal to ${n}`
const most = (n: number): string => `Member must have length less than or equal to ${n}`
const pattern = (text: string): string => `Member must satisfy regular expression pattern: ${text}`
const NAME = '[a-zA-Z0-9_.-]+'
const long = 'a'.repeat(129)

test.each<[string, object, string[]]>([
  ['CreateStream', {}, [at('null', 'streamName', NOT_NULL)]],
  ['DescribeStream', {}, [at('null', 'streamName', NOT_NULL)]],
  [
    'CreateStream',
    { StreamName: '', ShardCount: 0 },
    [
      at("''", 'streamName', pattern(NAME)),
      at("''", 'streamName', least(1)),
      at("'0'", 'shardCount', 'Member must have value greater than or equal to 1'),
    ],
  ],
  [
    'GetRecords',
    { ShardIterator: 'a'.repeat(513), Limit: 100000000000 },
    [
      at(`'${'a'.repeat(513)}'`, 'shardIterator', most(512)),
      at("'2147483647'", 'limit', 'Member must have value less than or equal to 10000'),
    ],
  ],
  [
    'MergeShards',
    { StreamName: 'a b', ShardToMerge: long },
    [
      at("'a b'", 'streamName', pattern(NAME)),
      at(`'${long}'`, 'shardToMerge', most(128)),
      at('null', 'adjacentShardToMerge', NOT_NULL),
    ],
  ],
  [
    'GetShardIterator',
    { StreamName: 'a', ShardIteratorType: '', ShardId: 's', StartingSequenceNumber: '' },
    [
      at(
        "''",
        'shardIteratorType',
        'Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]',
      ),
      at("''", 'startingSequenceNumber', pattern('0|([1-9]\\d{0,128})')),
    ],
  ],
  [
    'PutRecords',
    { StreamName: '', Records: [] },
    [unshown('records', least(1)), at("''", 'streamName', pattern(NAME)), at("''", 'streamName', least(1))],
  ],
  [
    'PutRecords',
    {
      StreamName: 'a',
      Records: [
        {
          PartitionKey: 'a'.repeat(257),
          Data: Buffer.alloc(10485761).toString('base64'),
          ExplicitHashKey: '01',
        },
        {},
      ],
    },
    [
      unshown('records.1.member.data', most(10485760)),
      at("'01'", 'records.1.member.explicitHashKey', pattern('0|([1-9]\\d{0,38})')),
      at(`'${'a'.repeat(257)}'`, 'records.1.member.partitionKey', most(256)),
      at('null', 'records.2.member.data', NOT_NULL),
      at('null', 'records.2.member.partitionKey', NOT_NULL),
    ],
  ],
  ['PutRecords', { StreamName: 'a', Records: [null] }, [at('null', 'records.1.member', NOT_NULL)]],
  [
    'CreateStream',
    { StreamName: 'a', StreamModeDetails: { StreamMode: 'x' } },
    [
      at(
        "'x'",
        'streamModeDetails.streamMode',
        'Member must satisfy enum value set: [ON_DEMAND, PROVISIONED]',
      ),
    ],
  ],
  ['AddTagsToStream', { StreamName: 'a', Tags: {} }, [at("'{}'", 'tags', least(1))]],
  [
    'AddTagsToStream',
    { StreamName: 'a', Tags: { a: '1', [long]: '3' } },
    [at(`'{a=1, ${long}=3}'`, 'tags', `Map keys must satisfy constraint: [${most(128)}, ${least(1)}]`)],
  ],
  [
    'AddTagsToStream',
    { StreamName: 'a', Tags: { a: 'b'.repeat(257) } },
    [
      at(
        `'{a=${'b'.repeat(257)}}'`,
        'tags',
        `Map value must satisfy constraint: [${most(256)}, ${least(0)}]`,
      ),
    ],
  ],
  [
    'RemoveTagsFromStream',
    { StreamName: 'a', TagKeys: ['', 'a'] },
    [at("'[, a]'", 'tagKeys', `Member must satisfy constraint: [${most(128)}, ${least(1)}]`)],
  ],
  [
    'RemoveTagsFromStream',
    { StreamName: 'a', TagKeys: ['a', long, 'b'] },
    [at(`'[a, ${long}, b]'`, 'tagKeys', `Member must satisfy constraint: [${most(128)}, ${least(1)}]`)],
  ],
])('%s reports the constraints that its input violates, case %#', (operation, value, problems) => {
  const { code, message } = failureOf(operation, value)
  expect(code).toBe('ValidationException')
  expect(message).toBe(
    `${problems.length} validation ${problems.length === 1 ? 'error' : 'errors'} detected: ${problems.join('; ')}`,
  )
})

test('at most ten problems are reported', () => {
  const { message } = failureOf('PutRecords', {
    StreamName: '',
    Records: new Array(501).fill({ PartitionKey: '', Data: '' }),
  })
  const each = Array.from({ length: 9 }, (_, i) => at("''", `records.${i + 1}.member.partitionKey`, least(1)))
  expect(message).toBe(
    `10 validation errors detected: ${[unshown('records', most(500)), ...each].join('; ')}`,
  )
})

test('a message quotes only the beginning of a long value', () => {
  const large = 'x'.repeat(600_000)
  const quoted = `${'x'.repeat(1024)}...[truncated]`
  const name = failureOf('DescribeStream', { StreamName: large }).message
  expect(name).toBe(`1 validation error detected: ${at(`'${quoted}'`, 'streamName', most(128))}`)
  const tag = failureOf('AddTagsToStream', { StreamName: 'a', Tags: { [large]: null } }).message
  expect(tag).toContain(`Value null at 'tags.${quoted}.member'`)
  const longer = 'y'.repeat(3000)
  const tags = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`${i}${longer}`, longer]))
  const inputs: [string, unknown][] = [
    ['AddTagsToStream', { StreamName: large, Tags: tags }],
    ['RemoveTagsFromStream', { StreamName: large, TagKeys: new Array(100).fill(longer) }],
    ['PutRecord', { Data: `${large}!`, PartitionKey: 'k', StreamName: 'a' }],
    ['PutRecord', { DryRun: large }],
    [
      'PutRecord',
      { Data: '', PartitionKey: large, StreamName: large, ExplicitHashKey: large, StreamARN: large },
    ],
    ['PutRecords', { StreamName: 'a', Records: new Array(600).fill({ Data: '', PartitionKey: longer }) }],
  ]
  for (const [operation, input] of inputs)
    expect(failureOf(operation, input).message.length).toBeLessThan(12_000)
})

test('values are converted to the types of their shapes', () => {
  const check = compile<Record<string, unknown>>(kinesisModel, 'GetShardIteratorInput')
  const input = {
    StreamName: 'a',
    ShardId: 's',
    ShardIteratorType: 'AT_TIMESTAMP',
    Unknown: [[]],
    StreamARN: null,
  }
  expect(check({ ...input, Timestamp: 1459799926.48 })).toEqual({
    StreamName: 'a',
    ShardId: 's',
    ShardIteratorType: 'AT_TIMESTAMP',
    Timestamp: new Date(1459799926480),
  })
  expect(check({ ...input, Timestamp: 1459799926480 }, 'cbor').Timestamp).toEqual(new Date(1459799926480))
  expect(check({ ...input, Timestamp: 1e300 }).Timestamp).toEqual(new Date(8.64e15))
  expect(
    compile(
      kinesisModel,
      'PutRecordInput',
    )({
      StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/a',
      Data: 'aGVsbG8=',
      PartitionKey: 'k',
      DryRun: 'true',
    }),
  ).toMatchObject({ Data: Buffer.from('hello'), PartitionKey: 'k', DryRun: true })
  expect(failureOf('PutRecord', { PartitionKey: Buffer.from('k') }, 'cbor').message).toBe(
    'class java.nio.HeapByteBuffer can not be converted to an String',
  )
})

test('names of built-in properties are names like any other', () => {
  const tags = compile<{ Tags: object }>(
    kinesisModel,
    'AddTagsToStreamInput',
  )(JSON.parse('{"StreamName":"a","Tags":{"__proto__":"x","constructor":"y"}}'))
  expect(Object.entries(tags.Tags)).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ])
})

test('recursive shapes are nested to a bounded depth', () => {
  const model: Model = {
    service: 'x',
    apiVersion: '1',
    protocol: 'json',
    operations: {},
    errors: {},
    shapes: {
      Tree: { type: 'structure', members: { Left: 'Tree', Name: 'S' } },
      S: { type: 'string', min: 1 },
    },
  }
  const check = compile(model, 'Tree')
  const deep = (levels: number): object =>
    JSON.parse(`${'{"Left":'.repeat(levels)}{"Name":""}${'}'.repeat(levels)}`) as object
  expect(() => check(deep(2))).toThrow("Value '' at 'left.left.name'")
  expect(() => check(deep(100_000))).toThrow('nested too deeply')
})
