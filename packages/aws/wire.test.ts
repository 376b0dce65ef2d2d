import { decode as cborgDecode, encode as cborgEncode } from 'cborg'
import { expect, test } from 'vitest'
import { decodeCbor } from './cbor.ts'
import { AwsError } from './errors.ts'
import { kinesisModel } from './models/kinesis.ts'
import { compile } from './validate.ts'
import { compileEncoder, decode } from './wire.ts'

const encode = compileEncoder(kinesisModel, 'GetRecordsOutput')
const OUTPUT = {
  Records: [
    {
      SequenceNumber: '4959',
      ApproximateArrivalTimestamp: new Date(1459799926480),
      Data: Buffer.from([0, 255, 1]),
      PartitionKey: 'a"\\\u0001\u2028é😀',
      Secret: 'not in the shape',
    },
    {
      SequenceNumber: '',
      ApproximateArrivalTimestamp: new Date(1459799926000),
      Data: Buffer.alloc(0),
      PartitionKey: 'b',
      EncryptionType: undefined,
    },
  ],
  NextShardIterator: null,
  MillisBehindLatest: 2 ** 40,
}

test('JSON has base64, seconds, and only the members of the shape', () => {
  expect(JSON.parse(encode(OUTPUT, 'json').toString())).toEqual({
    Records: [
      {
        SequenceNumber: '4959',
        ApproximateArrivalTimestamp: 1459799926.48,
        Data: 'AP8B',
        PartitionKey: 'a"\\\u0001\u2028é😀',
      },
      { SequenceNumber: '', ApproximateArrivalTimestamp: 1459799926, Data: '', PartitionKey: 'b' },
    ],
    MillisBehindLatest: 2 ** 40,
  })
  expect(encode({}, 'json').toString()).toBe('{}')
  expect(encode({ Records: [] }, 'json').toString()).toBe('{"Records":[]}')
})

test('CBOR has bytes, and milliseconds under tag 1, as another codec reads them', () => {
  const read = cborgDecode(encode(OUTPUT, 'cbor'), {
    tags: { 1: (inner: () => unknown) => ({ ms: inner() }) },
  }) as { Records: { Data: Uint8Array }[] }
  expect(read.Records[0]).toEqual({
    SequenceNumber: '4959',
    ApproximateArrivalTimestamp: { ms: 1459799926480 },
    Data: new Uint8Array([0, 255, 1]),
    PartitionKey: 'a"\\\u0001\u2028é😀',
  })
  expect(Object.keys(read)).toEqual(['Records', 'MillisBehindLatest'])
})

test('an encoded value is decoded back, in JSON and in CBOR', () => {
  const input = compile<object>(kinesisModel, 'PutRecordsInput')
  const write = compileEncoder(kinesisModel, 'PutRecordsInput')
  const value = {
    Records: [
      { Data: Buffer.from('hello'), PartitionKey: 'ü' },
      { Data: Buffer.alloc(70_000, 1), ExplicitHashKey: '0', PartitionKey: 'k'.repeat(256) },
    ],
    StreamName: 's',
    DryRun: false,
  }
  for (const encoding of ['json', 'cbor'] as const)
    expect(input(decode(write(value, encoding), encoding), encoding)).toEqual(value)
})

test('CBOR that another codec wrote is read the same', () => {
  const values = [
    0,
    23,
    24,
    255,
    256,
    65535,
    65536,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    -1,
    -25,
    -(2 ** 40),
    1.5,
    -0.1,
    1e300,
    true,
    false,
    null,
    '',
    'é'.repeat(300),
    [],
    [[], {}],
    { a: { b: [1] } },
  ]
  for (const value of values) expect(decodeCbor(Buffer.from(cborgEncode(value)))).toEqual(value)
  expect(decodeCbor(Buffer.from(cborgEncode(new Uint8Array([1, 2]))))).toEqual(Buffer.from([1, 2]))
})

const hex = (text: string): unknown => decodeCbor(Buffer.from(text.replaceAll(' ', ''), 'hex'))

test('CBOR with indefinite lengths, tags and half floats is read (RFC 8949, appendix A)', () => {
  expect(hex('9f018202039f0405ffff')).toEqual([1, [2, 3], [4, 5]])
  expect(hex('bf61610161629f0203ffff')).toEqual({ a: 1, b: [2, 3] })
  expect(hex('7f657374726561646d696e67ff')).toBe('streaming')
  expect(hex('5f42010243030405ff')).toEqual(Buffer.from([1, 2, 3, 4, 5]))
  expect(hex('c11a514b67b0')).toEqual(new Date(1363896240))
  expect(hex('d9d9f7 f93e00')).toBe(1.5)
  expect(hex('f90001')).toBe(2 ** -24)
  expect(hex('f7')).toBe(null)
})

test('malformed CBOR is refused, and a member __proto__ sets no prototype', () => {
  const bad = [
    '',
    '18',
    '1c',
    'ff',
    '61',
    '62 61',
    '81',
    '82 01',
    'a1',
    'a1 61 61',
    'a1 01 02',
    'a2 6161 01 6161 02',
    '9f 01',
    '7f 41 61 ff',
    '5f 5f ff ff',
    'bf 6161 ff',
    '81 ff',
    'c1 ff',
    'c1 61 61',
    '01 01',
    'f9 7e00',
    'f9 7c00',
    'fb 7ff8000000000000',
    '9b ffffffffffffffff',
    '5b 0000001000000000 00',
    'bb ffffffffffffffff 6161',
  ]
  for (const text of bad) expect(() => hex(text), text).toThrow(AwsError)
  expect(() => decodeCbor(Buffer.alloc(1 << 20, 0x81))).toThrow(AwsError)
  expect(() => decodeCbor(Buffer.alloc(1 << 20, 0xc6))).toThrow(AwsError)
  expect(() =>
    decodeCbor(Buffer.concat([Buffer.from('9a000f4240', 'hex'), Buffer.alloc(1_000_000, 0xa0)])),
  ).toThrow(AwsError)
  const hidden = hex('a1 69 5f5f70726f746f5f5f a1 61 61 01') as Record<string, unknown>
  expect(Object.getPrototypeOf(hidden)).toBe(Object.prototype)
  expect(hidden.a).toBeUndefined()
})

test('texts that are not UTF-8 are refused, since different ones would become the same text', () => {
  expect(() => decode(Buffer.from('{"PartitionKey":"M\xfcller"}', 'latin1'), 'json')).toThrow(AwsError)
  for (const text of ['61 ff', '62 c328', '63 eda080', '7f 61 c3 61 28 ff'])
    expect(() => hex(text), text).toThrow(AwsError)
  expect([hex('63 efbfbd'), hex('7f 61 c3 61 bc ff')]).toEqual(['\uFFFD', 'ü'])
})

test('a body that is not JSON, or not a structure, is refused', () => {
  for (const text of ['', 'hello', 'true', 'null', '"a"', '{', '{"a":1}x'])
    expect(() => decode(Buffer.from(text), 'json'), text).toThrow(AwsError)
  expect(() => decode(Buffer.from('['.repeat(1e6)), 'json')).toThrow(AwsError)
})
