import { deflateSync } from 'node:zlib'
import { sampleOf, schemaOf } from '@weir/contracts'
import { type AvroSchema, parseSchema } from '@weir/contracts/avro.ts'
import { topics } from '@weir/solutions'
import { expect, test } from 'vitest'
import { compileEncoder } from './avro/encode.ts'
import { SchemaNeeded, type Undecodable } from './errors.ts'
import { idOfUuid, versionUuid } from './glue-frame.ts'
import { createReader, type Reader, type ValueColumns } from './reader.ts'
import type { Registry } from './registry.ts'
import { Schemas } from './schemas.ts'
import { multiplying } from './testing/multiplying.ts'

const ID = 0xfedcba98
const TAXI = schemaOf(topics['taxi.telemetry'])
const SAMPLE = sampleOf(topics, 'taxi.telemetry')
const room = Buffer.alloc(4096)
const RECORD = Buffer.from(room.subarray(0, compileEncoder(parseSchema(TAXI))(SAMPLE, room, 0)))

function readerOf(schema: AvroSchema = TAXI): Reader {
  const registry: Registry = {
    idOf: async () => ID,
    schemaOf: async (id) =>
      id === ID ? parseSchema(schema) : `The registry does not have a schema with id ${id}.`,
  }
  return createReader('taxi.telemetry', parseSchema(TAXI), new Schemas(registry))
}

function framed(record: Buffer, { compression = 0, uuid = versionUuid(ID) } = {}): Buffer {
  return Buffer.concat([Buffer.from([3, compression]), Buffer.from(uuid.replaceAll('-', ''), 'hex'), record])
}

const batchOf = (value: Buffer): ValueColumns => ({
  length: 1,
  bytes: value,
  valueStart: Int32Array.of(0),
  valueEnd: Int32Array.of(value.length),
})

async function outcome(value: Buffer, reader = readerOf()): Promise<unknown> {
  await reader.prepare(batchOf(value))
  try {
    return reader.decode(value, 0, value.length)
  } catch (error) {
    return `${(error as Undecodable).code}: ${(error as Undecodable).message}`
  }
}

test.each([0, 1, 0x7fffffff, 0xffffffff])('the id %i has a UUID that leads back to it', (id) => {
  expect(versionUuid(id)).toMatch(/^57656972-0000-8000-8000-0000[0-9a-f]{8}$/)
  expect(idOfUuid(versionUuid(id))).toBe(id)
})

test.each(['57656972-0000-8000-8000-0001fedcba98', 'x', '', '57656972-0000-8000-8000-0000fedcba9x'])(
  'the text %j is not a UUID of Weir',
  (uuid) => expect(idOfUuid(uuid)).toBeUndefined(),
)

test("values in Glue's framing are decoded, compressed or not, between values in Confluent's", async () => {
  const reader = readerOf()
  const values = [
    framed(RECORD),
    framed(deflateSync(RECORD), { compression: 5 }),
    Buffer.concat([Buffer.from([0, 0xfe, 0xdc, 0xba, 0x98]), RECORD]),
  ]
  expect(() => reader.decode(values[0], 0, values[0].length)).toThrow(new SchemaNeeded(ID))
  await reader.prepare(batchOf(values[0]))
  for (const value of [...values, ...values.toReversed()]) {
    const bytes = Buffer.concat([Buffer.alloc(7), value, Buffer.alloc(9)])
    expect(reader.decode(bytes, 7, 7 + value.length)).toEqual(SAMPLE)
  }
})

test.each([
  ['a header of the first five bytes', framed(RECORD).subarray(0, 5), 'undecodable: The value has 5 bytes'],
  ['a header that lacks a byte', framed(RECORD).subarray(0, 17), 'undecodable: The value has 17 bytes'],
  ['a header without a record', framed(Buffer.alloc(0)), 'undecodable: The record ends inside'],
  [
    'the UUID of another registry',
    framed(RECORD, { uuid: 'b7b4a7f0-9c96-4e4a-a687-fb5de9ef0c63' }),
    'unknown-schema: The registry does not have a schema with the version id b7b4a7f0-9c96-4e4a-a687-fb5de9ef0c63.',
  ],
  [
    'the UUID of an unknown schema',
    framed(RECORD, { uuid: versionUuid(7) }),
    'unknown-schema: The registry does not have a schema with id 7.',
  ],
  ['an unknown compression', framed(RECORD, { compression: 1 }), 'undecodable: The value has compression 1'],
  [
    'bytes that are not zlib',
    framed(RECORD, { compression: 5 }),
    'undecodable: The record is not valid zlib',
  ],
  [
    'zlib that is cut off',
    framed(deflateSync(RECORD).subarray(0, -6), { compression: 5 }),
    'undecodable: The record is not valid zlib (unexpected end of file)',
  ],
  [
    'a bomb of zlib',
    framed(deflateSync(Buffer.alloc(256 << 20)), { compression: 5 }),
    'undecodable: The record is longer than 1048576 bytes when it is inflated.',
  ],
  [
    'an inflated record with bytes too many',
    framed(deflateSync(Buffer.concat([RECORD, Buffer.alloc(3)])), { compression: 5 }),
    'undecodable: The record has 3 bytes too many.',
  ],
])('a value with %s is undecodable', async (_, value, reason) => {
  expect(await outcome(value)).toContain(reason)
})

test('a schema whose lists hold a type that multiplies itself is refused at once', async () => {
  const bomb = { name: 'bomb', type: { type: 'array', items: multiplying(60) } }
  const { fields, ...rest } = TAXI as unknown as { fields: object[] }
  const reader = readerOf({ ...rest, fields: [bomb, ...fields] } as unknown as AvroSchema)
  const startedAt = Date.now()
  expect(await outcome(framed(RECORD), reader)).toBe(
    'undecodable: The schema needs more than 50000 lines of code.',
  )
  expect(Date.now() - startedAt).toBeLessThan(2000)
})
