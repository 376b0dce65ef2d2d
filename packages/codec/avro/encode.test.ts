import { sampleOf, schemaOf } from '@weir/contracts'
import { type AvroNode, type AvroSchema, parseSchema } from '@weir/contracts/avro.ts'
import { topics } from '@weir/solutions'
import avro from 'avsc'
import { describe, expect, inject, test } from 'vitest'
import { InvalidValue } from '../errors.ts'
import { record, schemas } from '../testing/schemas.ts'
import { random, randomValue } from '../testing/values.ts'
import { compileEncoder } from './encode.ts'

const into = Buffer.alloc(1 << 20)
/** Random values of each schema. */
const VALUES = inject('thorough') ? 100 : 10

function bytesOf(schema: AvroSchema, value: unknown): Buffer {
  const end = compileEncoder(parseSchema(schema))(value, into, 0)
  expect(end).toBeGreaterThanOrEqual(0)
  return Buffer.from(into.subarray(0, end))
}

function complaint(schema: AvroSchema, value: unknown): string {
  try {
    compileEncoder(parseSchema(schema))(value, into, 0)
  } catch (error) {
    if (error instanceof InvalidValue) return error.message
    throw error
  }
  return 'none'
}

describe("the bytes are the same as avsc's", () => {
  // avsc does not shield records with such names from the prototype's properties.
  const comparable = Object.entries(schemas).filter(([name]) => name !== 'names of Object.prototype')
  test.each(comparable)('%s', (_, schema) => {
    const node = parseSchema(schema)
    const type = avro.Type.forSchema(schema as any)
    const encode = compileEncoder(node)
    const next = random(1)
    for (let round = 0; round < VALUES; round++) {
      // avsc's own random values are instances of its classes; ours cover the edge cases.
      const value: unknown = round % 2 === 0 ? type.random() : randomValue(node, next)
      const end = encode(value, into, 7)
      expect(into.subarray(7, end).equals(type.toBuffer(value))).toBe(true)
    }
  })
})

describe('a value that does not fit is refused with the field and the reason', () => {
  const taxi = sampleOf(topics, 'taxi.telemetry') as unknown as Record<string, unknown>
  const cases: readonly (readonly [string, object, string])[] = [
    ['text for a number', { ...taxi, speed: 'fast' }, 'speed: expected float, got "fast"'],
    ['an undeclared field', { ...taxi, colour: 'yellow' }, 'colour: unknown field "colour"'],
    [
      'an undeclared field inside',
      { ...taxi, position: { lat: 1, lon: 2, alt: 3 } },
      'position.alt: unknown field "alt"',
    ],
    [
      'an own __proto__',
      JSON.parse(JSON.stringify(taxi).replace('{', '{"__proto__":{},')),
      '__proto__: unknown field "__proto__"',
    ],
    ['a missing field', { ...taxi, deviceId: undefined }, 'deviceId: required field is missing'],
    ['a missing field inside', { ...taxi, position: { lat: 1 } }, 'position.lon: required field is missing'],
    ['null', { ...taxi, eventTime: null }, 'eventTime: expected long (a whole number up to 2^53), got null'],
    ['NaN', { ...taxi, speed: NaN }, 'speed: expected float, got NaN'],
    [
      'infinity',
      { ...taxi, position: { lat: Infinity, lon: 2 } },
      'position.lat: expected double, got Infinity',
    ],
    ['more than a float holds', { ...taxi, heading: 1e39 }, 'heading: expected float, got 1e+39'],
    [
      'a fraction for a whole number',
      { ...taxi, eventTime: 1.5 },
      'eventTime: expected long (a whole number up to 2^53), got 1.5',
    ],
    [
      'a number beyond 2^53',
      { ...taxi, eventTime: 2 ** 53 },
      'eventTime: expected long (a whole number up to 2^53), got 9007199254740992',
    ],
    ['text for a boolean', { ...taxi, occupied: 'yes' }, 'occupied: expected boolean, got "yes"'],
    ['an object for text', { ...taxi, tripId: {} }, 'tripId: expected string, got an object'],
    ['a list for an object', { ...taxi, position: [1, 2] }, 'position: expected an object, got a list'],
    [
      'long text for a number',
      { ...taxi, speed: 'x'.repeat(1000) },
      `speed: expected float, got "${'x'.repeat(40)}…"`,
    ],
    [
      'half a surrogate pair',
      { ...taxi, deviceId: 'taxi-\ud83d' },
      'deviceId: the string has half of a surrogate pair, which UTF-8 cannot hold',
    ],
  ]
  test.each(cases)('%s', (_, value, sentence) =>
    expect(complaint(schemaOf(topics['taxi.telemetry']), value)).toBe(sentence),
  )

  test.each([
    ['not even an object', schemaOf(topics['taxi.telemetry']), 'taxi', 'expected an object, got "taxi"'],
    ['undefined', schemaOf(topics['taxi.telemetry']), undefined, 'expected an object, got undefined'],
    [
      'an unknown symbol of an enum',
      schemaOf(topics['taxi.enriched']),
      { ...sampleOf(topics, 'taxi.enriched'), state: 'PARKED' },
      'state: expected one of UNKNOWN, OCCUPIED, MOVING, IDLE, got "PARKED"',
    ],
    [
      'an int of 33 bits',
      record('R', [{ name: 'n', type: 'int' }]),
      { n: 2 ** 31 },
      'n: expected int (a whole number of 32 bits), got 2147483648',
    ],
    [
      'a wrong item',
      schemas.lists!,
      { numbers: [1, 'two'], names: [], nested: [], after: 0 },
      'numbers[1]: expected double, got "two"',
    ],
    [
      'a wrong item of an inner list',
      schemas.lists!,
      { numbers: [], names: [], nested: [[], [null, 3]], after: 0 },
      'nested[1][1]: expected string, got 3',
    ],
    [
      "a map's value",
      schemas.maps!,
      { counts: { a: 1, b: 'x' }, tables: {}, places: {} },
      'counts.b: expected long (a whole number up to 2^53), got "x"',
    ],
    [
      'a wrong item deep inside',
      schemas.maps!,
      { counts: {}, tables: {}, places: { here: { lat: 1, tags: ['a', null] } } },
      'places.here.tags[1]: expected string, got null',
    ],
    [
      'too few bytes',
      schemas.fixed!,
      { md5: Buffer.alloc(15), again: Buffer.alloc(16) },
      'md5: expected 16 bytes, got 15 bytes',
    ],
    [
      'a value that fits no branch of a union',
      schemas['union of different kinds']!,
      { a: Symbol('s') },
      'a: expected one of null, boolean, long, string, bytes, array, map, got a symbol',
    ],
    [
      'a value without the name of its branch',
      schemas['union of numbers']!,
      { a: 3, b: null },
      'a: expected an object with one property, named null or int or double, got 3',
    ],
  ] as const)('%s', (_, schema, value, sentence) => expect(complaint(schema, value)).toBe(sentence))
})

test('a missing field takes its default', () => {
  const schema = schemas.defaults!
  expect(bytesOf(schema, {})).toEqual(
    bytesOf(schema, { a: 7, b: ['x', 'y'], c: Buffer.from([255, 0]), d: { k: 1 }, e: { f: 1.5 } }),
  )
  const { tripId, occupied, ...rest } = sampleOf(topics, 'taxi.telemetry')
  expect(bytesOf(schemaOf(topics['taxi.telemetry']), rest)).toEqual(
    bytesOf(schemaOf(topics['taxi.telemetry']), { ...rest, tripId: null, occupied: false }),
  )
})

test('an undefined property is treated as missing', () => {
  expect(
    complaint(schemaOf(topics['taxi.telemetry']), {
      ...sampleOf(topics, 'taxi.telemetry'),
      colour: undefined,
      tripId: undefined,
    }),
  ).toBe('none')
})

test.each(Object.entries(schemas))(
  'a buffer that is too small is reported, and nothing is written beyond it: %s',
  (_, schema) => {
    const node: AvroNode = parseSchema(schema)
    const encode = compileEncoder(node)
    const next = random(2)
    for (let round = 0; round < 20; round++) {
      const value = randomValue(node, next)
      const needed = encode(value, into, 0)
      for (const size of [0, 1, 2, needed >> 1, needed - 1].filter((size) => size >= 0 && size < needed)) {
        const memory = Buffer.alloc(size + 32, 0xaa)
        expect(encode(value, memory.subarray(16, 16 + size), 0)).toBe(-1)
        expect(
          memory.subarray(0, 16).every((byte) => byte === 0xaa) &&
            memory.subarray(16 + size).every((byte) => byte === 0xaa),
        ).toBe(true)
      }
    }
  },
)
