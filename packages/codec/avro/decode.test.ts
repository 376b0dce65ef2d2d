import { sampleOf, schemaOf } from '@weir/contracts'
import { type AvroSchema, parseSchema } from '@weir/contracts/avro.ts'
import { topics } from '@weir/solutions'
import avro from 'avsc'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { Undecodable } from '../errors.ts'
import { record, schemas } from '../testing/schemas.ts'
import { random, randomValue } from '../testing/values.ts'
import { compileDecoder, type Decode } from './decode.ts'
import { compileEncoder } from './encode.ts'

const into = Buffer.alloc(1 << 20)
/** Random values of each schema. */
const VALUES = inject('thorough') ? 100 : 10
const BROKEN_VALUES = inject('thorough') ? 30 : 6

function decoder(schema: AvroSchema): Decode {
  return compileDecoder(parseSchema(schema), parseSchema(schema))
}

function decodeHex(schema: AvroSchema, hex: string): unknown {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  return decoder(schema)(bytes, 0, bytes.length)
}

describe('an encoded value is decoded, at any position of a buffer', () => {
  test.each(Object.entries(schemas))('%s', (_, schema) => {
    const node = parseSchema(schema)
    const encode = compileEncoder(node)
    const decode = compileDecoder(node, node)
    const next = random(3)
    for (let round = 0; round < VALUES; round++) {
      const value = randomValue(node, next)
      const start = Math.floor(next() * 100)
      const end = encode(value, into, start)
      expect(withoutMinusZero(decode(into, start, end))).toEqual(withoutMinusZero(value))
    }
  })
})

/** A whole number has no negative zero in Avro. */
function withoutMinusZero(value: unknown): unknown {
  if (typeof value === 'number') return value + 0
  if (Array.isArray(value)) return value.map(withoutMinusZero)
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value
  return Object.entries(value).map(([name, inner]) => [name, withoutMinusZero(inner)])
}

test('a decoded record has the fields in the order of the schema, and nothing else', () => {
  const schema = schemaOf(topics['taxi.telemetry'])
  const end = compileEncoder(parseSchema(schema))(sampleOf(topics, 'taxi.telemetry'), into, 0)
  expect(JSON.stringify(decoder(schema)(into, 0, end))).toBe(
    JSON.stringify(sampleOf(topics, 'taxi.telemetry')),
  )
})

test('blocks that state their size, as other writers make them, are read', () => {
  expect(decodeHex({ type: 'array', items: 'int' }, '03 04 02 04 02 06 00')).toEqual([1, 2, 3])
  expect(decodeHex({ type: 'map', values: 'int' }, '01 06 02 61 02 02 02 62 04 00')).toEqual({ a: 1, b: 2 })
})

describe('bytes that are not a value are refused with the position', () => {
  const nested = record('R', [
    { name: 'a', type: record('Inner', [{ name: 'names', type: { type: 'array', items: 'string' } }]) },
  ])
  test.each([
    ['an empty record', schemaOf(topics['taxi.telemetry']), '', 'The record ends inside deviceId.'],
    [
      'a length beyond the end',
      record('R', [{ name: 's', type: 'string' }]),
      'fe ff ff ff 0f 61',
      'The record ends inside s.',
    ],
    [
      'a length beyond 2^53',
      record('R', [{ name: 's', type: 'string' }]),
      'fe ff ff ff ff ff ff ff ff 01',
      's is a number beyond 2^53.',
    ],
    [
      'a negative length',
      record('R', [{ name: 's', type: 'bytes' }]),
      '03 61 61',
      's has a negative length.',
    ],
    [
      'a number that does not end',
      'long',
      'ff ff ff ff ff ff ff ff ff ff ff',
      'The record is a number of more than ten bytes.',
    ],
    ['an int of 33 bits', 'int', '80 80 80 80 20', 'The record is a number of more than 32 bits.'],
    ['bad UTF-8', record('R', [{ name: 's', type: 'string' }]), '04 c3 28', 's is not UTF-8.'],
    ['bytes after the value', 'int', '02 02', 'The record has 1 bytes too many.'],
    ['a boolean with the value 2', 'boolean', '02', 'The record is not a boolean.'],
    ['an unknown symbol', schemas.enum!, '06 00', 'colour has an unknown symbol.'],
    ['a negative symbol', schemas.enum!, '01 00', 'colour has an unknown symbol.'],
    ['an unknown branch', schemas.optional!, '04', 'a_boolean is of a branch that its union does not have.'],
    ['a list with more items than bytes', nested, 'fe ff ff ff 0f', 'The record ends inside a.names.'],
    [
      'a list with more items than bytes, and a size',
      nested,
      'ff ff ff ff 0f 02',
      'The record ends inside a.names.',
    ],
    ['an end inside an item', nested, '04 02 61 02', 'The record ends inside a.names[].'],
    [
      'a list of endless empty items',
      schemas['list of nulls']!,
      'fe ff ff ff 0f 00',
      'The record ends too early.',
    ],
    [
      'endless empty items in many blocks',
      schemas['list of nulls']!,
      `${'fe 7f '.repeat(9)} 00`,
      'The record ends too early.',
    ],
  ])('%s', (_, schema, hex, sentence) => {
    expect(() => decodeHex(schema, hex)).toThrow(new Undecodable(sentence))
  })
})

/** Decodes the bytes up to `end`. Returns undefined if they are refused as undecodable. */
function attempt(decode: Decode, bytes: Buffer, end: number): { readonly value: unknown } | undefined {
  try {
    return { value: decode(bytes, 0, end) }
  } catch (error) {
    if (error instanceof Undecodable) return undefined
    throw error
  }
}

describe('the decoder of', () => {
  // More than half of the time would go to the stacks of expected errors.
  const { stackTraceLimit } = Error
  beforeAll(() => {
    Error.stackTraceLimit = 0
  })
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit
  })

  test.each(Object.entries(schemas))(
    '%s refuses every truncation, and reads other bytes as a value or throws Undecodable',
    (_, schema) => {
      const node = parseSchema(schema)
      const encode = compileEncoder(node)
      const decode = compileDecoder(node, node)
      const type = avro.Type.forSchema(schema as any)
      const next = random(4)
      // avsc confuses properties of the prototype with those of the record.
      const isValid = (value: unknown): boolean =>
        schema === schemas['names of Object.prototype'] || type.isValid(value, { noUndeclaredFields: true })
      const faults: string[] = []
      const check = (bytes: Buffer): void => {
        const decoded = attempt(decode, bytes, bytes.length)
        if (decoded !== undefined && !isValid(decoded.value)) faults.push(bytes.toString('hex'))
      }
      for (let round = 0; round < BROKEN_VALUES; round++) {
        const end = encode(randomValue(node, next), into, 0)
        const bytes = Buffer.from(into.subarray(0, end))
        for (let cut = 0; cut < end; cut += 1 + Math.floor(end / 50))
          if (attempt(decode, bytes, cut) !== undefined)
            faults.push(`${cut} bytes of ${bytes.toString('hex')}`)
        for (let flips = 0; flips < 20; flips++) {
          const broken = Buffer.from(bytes)
          if (broken.length > 0) broken[Math.floor(next() * broken.length)] = Math.floor(next() * 256)
          check(broken)
        }
        check(Buffer.from(Array.from({ length: Math.floor(next() * 40) }, () => Math.floor(next() * 256))))
      }
      expect(faults).toEqual([])
    },
    20_000,
  )
})

test('whole numbers are exact up to the ends of 2^53', () => {
  const encode = compileEncoder({ kind: 'long' })
  for (const value of [
    2 ** 53 - 1,
    -(2 ** 53) + 1,
    2 ** 53 - 2,
    2 ** 52,
    -(2 ** 52),
    -(2 ** 52) - 1,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 34,
    -(2 ** 34) - 1,
  ]) {
    const end = encode(value, into, 0)
    expect([...into.subarray(0, end)]).toEqual(varint(BigInt(value)))
    expect(decoder('long')(into, 0, end)).toBe(value)
  }
  for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
    const bytes = Buffer.from(varint(value))
    expect(() => decoder('long')(bytes, 0, bytes.length)).toThrow('is a number beyond 2^53')
  }
})

function varint(value: bigint): number[] {
  const bytes: number[] = []
  let raw = value >= 0n ? value * 2n : -value * 2n - 1n
  for (; raw > 0x7fn; raw >>= 7n) bytes.push(Number(raw & 0x7fn) | 0x80)
  return [...bytes, Number(raw)]
}

describe('a record of another schema', () => {
  const wrote = record('R', [
    { name: 'i', type: 'int' },
    { name: 's', type: 'string' },
    { name: 'gone', type: { type: 'map', values: ['null', 'string'] } },
    { name: 'f', type: 'float' },
  ])
  const reads = record('R', [
    { name: 'f', type: 'double' },
    { name: 'added', type: { type: 'array', items: 'int' }, default: [1] },
    { name: 'i', type: 'long' },
    { name: 'renamed', aliases: ['s'], type: ['null', 'bytes'] },
  ])

  test('has its fields promoted, skipped, defaulted, reordered and renamed', () => {
    const end = compileEncoder(parseSchema(wrote))(
      { i: 5, s: 'text', gone: { a: 'b', c: null }, f: 1.5 },
      into,
      0,
    )
    const decode = compileDecoder(parseSchema(wrote), parseSchema(reads))
    expect(decode(into, 0, end)).toEqual({ f: 1.5, added: [1], i: 5, renamed: Buffer.from('text') })
    expect((decode(into, 0, end) as any).added).not.toBe((decode(into, 0, end) as any).added)
  })

  test('is decoded as avsc decodes it', () => {
    const writerType = avro.Type.forSchema(wrote as any)
    const readerType = avro.Type.forSchema(reads as any)
    const resolver = readerType.createResolver(writerType)
    const decode = compileDecoder(parseSchema(wrote), parseSchema(reads))
    const next = random(5)
    for (let round = 0; round < 100; round++) {
      const bytes = writerType.toBuffer(randomValue(parseSchema(wrote), next))
      expect(decode(bytes, 0, bytes.length)).toEqual(readerType.fromBuffer(bytes, resolver))
    }
  })

  test("has the reader's default in the place of an unknown symbol", () => {
    const writer = parseSchema({ type: 'enum', name: 'E', symbols: ['A', 'B'] })
    expect(
      compileDecoder(writer, parseSchema({ type: 'enum', name: 'E', symbols: ['X', 'B'], default: 'X' }))(
        Buffer.from([0]),
        0,
        1,
      ),
    ).toBe('X')
    expect(() =>
      compileDecoder(writer, parseSchema({ type: 'enum', name: 'E', symbols: ['B'] }))(
        Buffer.from([0]),
        0,
        1,
      ),
    ).toThrow(Undecodable)
  })

  test('is read from a type into a union and the reverse', () => {
    const optional = parseSchema(['null', 'string'])
    expect(compileDecoder(parseSchema('string'), optional)(Buffer.from([2, 0x61]), 0, 2)).toBe('a')
    expect(compileDecoder(optional, parseSchema('string'))(Buffer.from([2, 2, 0x61]), 0, 3)).toBe('a')
    expect(() => compileDecoder(optional, parseSchema('string'))(Buffer.from([0]), 0, 1)).toThrow(
      'was written as null, which cannot be read as string',
    )
    expect(
      compileDecoder(parseSchema('int'), parseSchema(['string', 'int', 'double']))(Buffer.from([4]), 0, 1),
    ).toEqual({ int: 2 })
  })

  test('is undecodable if the schemas do not match', () => {
    const decode = compileDecoder(
      parseSchema(schemaOf(topics['taxi.enriched'])),
      parseSchema(schemaOf(topics['taxi.telemetry'])),
    )
    expect(() => decode(Buffer.alloc(50), 0, 50)).toThrow(
      new Undecodable(
        'The record was written as weir.taxi.TaxiEnriched, which cannot be read as weir.taxi.TaxiTelemetry.',
      ),
    )
    const lacking = compileDecoder(
      parseSchema(record('R', [])),
      parseSchema(record('R', [{ name: 'a', type: 'int' }])),
    )
    expect(() => lacking(Buffer.alloc(0), 0, 0)).toThrow(
      new Undecodable('a was not written and has no default.'),
    )
  })
})
