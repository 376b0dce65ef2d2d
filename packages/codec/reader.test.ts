import { sampleOf, schemaOf } from '@weir/contracts'
import { type AvroSchema, parseSchema } from '@weir/contracts/avro.ts'
import { topics } from '@weir/solutions'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compileEncoder } from './avro/encode.ts'
import { SchemaNeeded, Undecodable } from './errors.ts'
import { createReader, type Reader, type ValueColumns } from './reader.ts'
import { registryAt } from './registry.ts'
import { Schemas } from './schemas.ts'
import { multiplying } from './testing/multiplying.ts'
import { type UnwellRegistry, unwellRegistry } from './testing/unwell-registry.ts'
import { createWriter } from './writer.ts'

const ID = 0xfedcba98
const TAXI = schemaOf(topics['taxi.telemetry'])
const bytes = Buffer.alloc(4096)
const writer = createWriter('taxi.telemetry', ID, compileEncoder(parseSchema(TAXI)))
const end = writer.encode(sampleOf(topics, 'taxi.telemetry'), bytes, 100)
const batch: ValueColumns = {
  length: 3,
  bytes,
  valueStart: Int32Array.of(-1, 100, 100),
  valueEnd: Int32Array.of(-1, end, end),
}

let server: UnwellRegistry
let reader: Reader
beforeEach(async () => {
  server = await unwellRegistry()
  reader = createReader(
    'taxi.telemetry',
    parseSchema(TAXI),
    new Schemas(registryAt(server.url, 300, 'weir.functions.code')),
  )
})
afterEach(() => server.stop())

function registryHas(schema: AvroSchema): void {
  server.answer = { status: 200, body: JSON.stringify({ schema: JSON.stringify(schema) }) }
}

test('the schema of a batch is requested once, and tombstones need none', async () => {
  registryHas(TAXI)
  expect(() => reader.decode(bytes, 100, end)).toThrow(SchemaNeeded)
  await reader.prepare(batch)
  expect(server.asked).toEqual([`/schemas/ids/${ID}`])
  expect(reader.decode(bytes, 100, end)).toEqual(sampleOf(topics, 'taxi.telemetry'))
  expect(reader.prepare(batch)).toBeUndefined()
})

test('a registry that does not answer makes no record undecodable', async () => {
  await expect(reader.prepare(batch)).rejects.toMatchObject({ code: 'registry-unavailable' })
  expect(() => reader.decode(bytes, 100, end)).toThrow(SchemaNeeded)
})

test("a value without the registry's framing is undecodable, and the registry is not asked", () => {
  expect(() => reader.decode(Buffer.alloc(0), 0, 0)).toThrow(
    new Undecodable('The value has 0 bytes; a framed record has at least 5.'),
  )
  expect(() => reader.decode(Buffer.from('{"speed":1}'), 0, 11)).toThrow(Undecodable)
  expect(
    reader.prepare({
      length: 2,
      bytes: Buffer.from('{"speed":1}'),
      valueStart: Int32Array.of(0, 0),
      valueEnd: Int32Array.of(11, 3),
    }),
  ).toBeUndefined()
})

test('a schema of another topic makes its records undecodable', async () => {
  registryHas(schemaOf(topics['weir.stats']))
  await reader.prepare(batch)
  expect(() => reader.decode(bytes, 100, end)).toThrow(
    new Undecodable(
      'The record was written as weir.StageStats, which cannot be read as weir.taxi.TaxiTelemetry.',
    ),
  )
})

test('a schema of the registry whose types multiply makes its records undecodable', async () => {
  const root = {
    ...(TAXI as object),
    fields: [{ name: 'bomb', type: multiplying(20) }, ...(TAXI as unknown as { fields: object[] }).fields],
  }
  registryHas(root as unknown as AvroSchema)
  await reader.prepare(batch)
  expect(() => reader.decode(bytes, 100, end)).toThrow(
    new Undecodable(
      `Schema ${ID} cannot be used: The schema has more than 10000 types when all references are followed.`,
      'unknown-schema',
    ),
  )
})
