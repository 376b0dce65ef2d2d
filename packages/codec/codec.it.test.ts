import confluent from '@kafkajs/confluent-schema-registry'
import { registerContracts, registerVersions } from '@weir/catalogue'
import { sampleOf, schemaOf, type TopicName } from '@weir/contracts'
import { type AvroSchema, parseSchema } from '@weir/contracts/avro.ts'
import { topics } from '@weir/solutions'
import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import { compileEncoder } from './avro/encode.ts'
import { type Codec, openCodec } from './codec.ts'
import { SchemaNeeded, type Undecodable } from './errors.ts'
import { createReader, type ValueColumns } from './reader.ts'
import { registryAt } from './registry.ts'
import { Schemas } from './schemas.ts'
import { guardedRegistry } from './testing/guarded-registry.ts'
import { createWriter } from './writer.ts'

let url: string
let codec: Codec
beforeAll(async () => {
  ;({ url } = await servers.registry())
  await registerContracts(url, topics)
  codec = (await openCodec({ topics, url })).value
})

function columns(...values: Buffer[]): ValueColumns {
  let end = 0
  const ends = Int32Array.from(values, (value) => {
    end += value.length
    return end
  })
  return {
    length: values.length,
    bytes: Buffer.concat(values),
    valueStart: ends.map((end, i) => end - values[i]!.length),
    valueEnd: ends,
  }
}

function framed(id: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, id >>> 24, id >>> 16, id >>> 8, id]), body])
}

test.each(Object.keys(topics) as TopicName[])(
  'the reader of %s decodes records of its writer',
  async (topic) => {
    const writer = await codec.writer(topic)
    const reader = await codec.reader(topic)
    const bytes = Buffer.alloc(4096)
    const end = writer.encode(sampleOf(topics, topic) as never, bytes, 10)
    await reader.prepare({ length: 1, bytes, valueStart: Int32Array.of(10), valueEnd: Int32Array.of(end) })
    expect(reader.decode(bytes, 10, end)).toEqual(sampleOf(topics, topic))
  },
)

test('the Confluent client writes the same bytes, and reads them', async () => {
  const client = new confluent.SchemaRegistry({ host: url })
  const writer = await codec.writer('taxi.telemetry')
  const reader = await codec.reader('taxi.telemetry')
  const bytes = Buffer.alloc(4096)
  const ours = Buffer.from(bytes.subarray(0, writer.encode(sampleOf(topics, 'taxi.telemetry'), bytes, 0)))
  const theirs = await client.encode(writer.schemaId, sampleOf(topics, 'taxi.telemetry'))
  expect(ours.equals(theirs)).toBe(true)
  expect({ ...(await client.decode(ours)) }).toMatchObject({
    deviceId: 'taxi-0417',
    position: { lat: 40.7549 },
  })
  await reader.prepare(columns(theirs))
  expect(reader.decode(theirs, 0, theirs.length)).toEqual(sampleOf(topics, 'taxi.telemetry'))
})

test('a schema is needed until its id is resolved; an id unknown to the registry makes the record undecodable', async () => {
  const writer = await codec.writer('taxi.telemetry')
  const reader = await (await openCodec({ topics, url })).value.reader('taxi.telemetry')
  const bytes = Buffer.alloc(4096)
  const good = Buffer.from(bytes.subarray(0, writer.encode(sampleOf(topics, 'taxi.telemetry'), bytes, 0)))
  const wrong = framed(987_654_321, good.subarray(5))
  expect(() => reader.decode(good, 0, good.length)).toThrow(SchemaNeeded)
  const batch = columns(good, wrong, Buffer.from('no Avro'), good)
  await reader.prepare(batch)
  expect(reader.prepare(batch)).toBeUndefined()
  const outcomes = Array.from({ length: batch.length }, (_, i) => {
    try {
      return reader.decode(batch.bytes, batch.valueStart[i]!, batch.valueEnd[i]!).deviceId
    } catch (error) {
      return [(error as Undecodable).code, (error as Undecodable).message]
    }
  })
  expect(outcomes).toEqual([
    'taxi-0417',
    ['unknown-schema', 'The registry does not have a schema with id 987654321.'],
    [
      'undecodable',
      "The value begins with byte 110 instead of 0 or 3, so it is in neither the schema registry's framing nor Glue's.",
    ],
    'taxi-0417',
  ])
})

describe('during a rolling upgrade', () => {
  const old = schemaOf(topics['taxi.enriched'])
  const evolved = structuredClone(old) as any
  evolved.fields.push(
    { name: 'colour', type: ['null', 'string'], default: null },
    { name: 'seats', type: 'int', default: 4 },
  )
  evolved.fields = evolved.fields.filter(({ name }: { name: string }) => name !== 'zoneName')
  evolved.fields.find(({ name }: { name: string }) => name === 'state').type.symbols.push('CHARGING')
  const { zoneName, ...kept } = sampleOf(topics, 'taxi.enriched')

  async function parties(): Promise<{
    write(schema: AvroSchema, value: unknown): Promise<Buffer>
    read(schema: AvroSchema, bytes: Buffer): Promise<unknown>
  }> {
    const topic = uniqueName('upgrade')
    await registerVersions(url, `${topic}-value`, [old, evolved])
    const registry = registryAt(url, 5000, 'weir.functions.code')
    const schemas = new Schemas(registry)
    return {
      async write(schema, value) {
        const bytes = Buffer.alloc(4096)
        const writer = createWriter(
          topic,
          await registry.idOf(topic, schema),
          compileEncoder(parseSchema(schema)),
        )
        return Buffer.from(bytes.subarray(0, writer.encode(value, bytes, 0)))
      },
      async read(schema, bytes) {
        const reader = createReader(topic, parseSchema(schema), schemas)
        await reader.prepare(columns(bytes))
        return reader.decode(bytes, 0, bytes.length)
      },
    }
  }

  test('readers of version n read data of version n - 1', async () => {
    const { write, read } = await parties()
    expect(await read(evolved, await write(old, sampleOf(topics, 'taxi.enriched')))).toEqual({
      ...kept,
      colour: null,
      seats: 4,
    })
  })

  test('readers of version n - 1 read data of version n', async () => {
    const { write, read } = await parties()
    expect(await read(old, await write(evolved, { ...kept, state: 'CHARGING', colour: 'yellow' }))).toEqual({
      ...kept,
      zoneName: null,
      state: 'UNKNOWN',
    })
  })
})

test('a contract that is not registered is reported with the remedy', async () => {
  const registry = registryAt(url, 5000, 'weir.functions.code')
  await expect(registry.idOf(uniqueName('nobody'), schemaOf(topics['taxi.telemetry']))).rejects.toMatchObject(
    {
      code: 'not-registered',
      retriable: true,
      message: expect.stringContaining('register the contracts'),
    },
  )
})

test('the job and the services log in to a registry with a password', async () => {
  const guarded = await guardedRegistry(url, 'weir:s3cr3t/')
  try {
    const withUser = guarded.url.replace('//', '//weir:s3cr3t%2F@')
    const subject = `${uniqueName('guarded')}-value`
    const id = await registerVersions(withUser, subject, [schemaOf(topics['taxi.telemetry'])])
    expect(
      (await (await openCodec({ topics, url: withUser })).value.writer('taxi.telemetry')).schemaId,
    ).toBeGreaterThan(0)
    expect(id).toBeGreaterThan(0)
    const refused = await registerVersions(guarded.url.replace('//', '//weir:wrong@'), subject, [
      schemaOf(topics['taxi.telemetry']),
    ]).catch((error) => error)
    expect(refused).toMatchObject({ retriable: false })
    expect(refused.message).toContain('answered 401')
    expect(refused.message).toContain('check the user and the password in REGISTRY_URL')
    expect(refused.message).not.toContain('wrong')
  } finally {
    await guarded.stop()
  }
})
