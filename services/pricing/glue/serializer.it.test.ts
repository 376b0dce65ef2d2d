/** Records of Glue's own serializer for Java in a topic of Weir, read as flows read them. */
import { GetSchemaVersionCommand, GlueClient, ListSchemaVersionsCommand } from '@aws-sdk/client-glue'
import { openCodec } from '@weir/codec'
import { idOfUuid } from '@weir/codec/glue-frame.ts'
import { readConfig } from '@weir/config'
import { sampleOf, schemaOf } from '@weir/contracts'
import type { AvroSchema } from '@weir/contracts/avro.ts'
import { type Kafka, kafkaConfig, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pricing, startPricing } from '../testing/pricing.ts'
import { produce } from './testing/serializer.ts'

const TOPIC = 'taxi.telemetry'
const CONTRACT = schemaOf(topics[TOPIC])
const SAMPLE = sampleOf(topics, TOPIC)
/** Flows of other tests do not see the records in it. */
const STREAM = uniqueName('java')
const TEST_MS = 120_000
let pricing: Pricing
let glue: GlueClient
let kafka: Kafka
let stopKafka: () => Promise<void>
let brokers: string[]
let registryUrl: string

beforeAll(async () => {
  ;({ brokers } = await servers.kafka())
  ;({ url: registryUrl } = await servers.registry())
  pricing = await startPricing()
  glue = pricing.client(GlueClient)
  const env = { ...process.env, KAFKA_BROKERS: brokers.join(',') }
  ;({ value: kafka, stop: stopKafka } = await openKafka(readConfig(env, kafkaConfig)))
  await kafka.admin.createTopics([{ name: STREAM, partitions: 3, replicas: 1, configs: {} }])
})
afterAll(async () => {
  await stopKafka?.()
  await pricing?.stop()
})

/** Resolves to what the producer prints. */
const send = (schema: AvroSchema, record: unknown, more: object = {}): Promise<string> =>
  produce({ endpoint: pricing.url, brokers, topic: STREAM, schema, record, compression: 'NONE', ...more })

const withField = (field: object): AvroSchema => {
  const { fields, ...rest } = CONTRACT as unknown as { readonly fields: readonly object[] }
  return { ...rest, fields: [...fields, field] } as unknown as AvroSchema
}

/** Reads the record that the producer has sent, as a flow does. */
async function decoded(printed: string): Promise<unknown> {
  const [, partition, offset] = /^sent (\d+) (\d+) /.exec(printed) ?? []
  expect(printed).toMatch(/^sent /)
  const { value: codec } = await openCodec({ topics, url: registryUrl })
  const reader = await codec.reader(TOPIC)
  let found: unknown
  const reading = await kafka.read({ topics: [STREAM], from: 'earliest', until: 'end' }, async (batch) => {
    await reader.prepare(batch)
    for (let i = 0; i < batch.length; i++)
      if (batch.partition === Number(partition) && batch.offsets[i] === Number(offset))
        found = reader.decode(batch.bytes, batch.valueStart[i]!, batch.valueEnd[i]!)
  })
  await reading.done
  return found
}

const versionsOf = async (SchemaName: string) =>
  (await glue.send(new ListSchemaVersionsCommand({ SchemaId: { SchemaName } }))).Schemas!

test('records with the contract of a topic are decoded, compressed or not', {
  timeout: TEST_MS,
}, async () => {
  const before = await versionsOf(TOPIC)
  for (const compression of ['NONE', 'ZLIB'])
    expect(await decoded(await send(CONTRACT, SAMPLE, { compression, schemaName: TOPIC }))).toEqual(SAMPLE)
  expect(await versionsOf(TOPIC)).toEqual(before)
})

test('a new schema is registered by the serializer, and is one of the registry', {
  timeout: TEST_MS,
}, async () => {
  const schemaName = uniqueName('java')
  const schema = withField({ name: 'colour', type: 'string', default: 'red' })
  const printed = await send(schema, { ...SAMPLE, colour: 'blue' }, { schemaName, compression: 'ZLIB' })
  expect(printed).toContain('"colour": "blue"')
  expect(await decoded(printed)).toEqual(SAMPLE)
  const [{ SchemaVersionId }] = await versionsOf(schemaName)
  const version = await glue.send(new GetSchemaVersionCommand({ SchemaVersionId }))
  const asked = await fetch(`${registryUrl}/schemas/ids/${idOfUuid(SchemaVersionId!)}`)
  expect(version.SchemaDefinition).toBe(((await asked.json()) as { schema: string }).schema)
})

test('a schema that breaks the contract of a topic is refused', { timeout: TEST_MS }, async () => {
  const schema = withField({ name: 'colour', type: 'string' })
  const printed = await send(schema, { ...SAMPLE, colour: 'blue' }, { topic: TOPIC })
  expect(printed).toMatch(/^refused .*The schema registry refused it/)
})
