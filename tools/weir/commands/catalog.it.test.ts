/** weir catalog, with a service on real servers. */

import { readConfig } from '@weir/config'
import { parseSchema } from '@weir/contracts/avro.ts'
import { appendRecord, type Kafka, kafkaConfig, openKafka, writeRecords } from '@weir/kafka'
import { type Pricing, startPricing } from '@weir/pricing/testing/pricing.ts'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { captureOutput } from '../testing/capture-output.ts'
import { catalog } from './catalog.ts'

let pricing: Pricing
let kafka: Kafka
let stopKafka: () => Promise<void>
const printed = captureOutput()

beforeAll(async () => {
  pricing = await startPricing()
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry()])
  vi.stubEnv('PRICING_URL', pricing.url)
  vi.stubEnv('KAFKA_BROKERS', brokers.join(','))
  vi.stubEnv('REGISTRY_URL', url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  ;({ value: kafka, stop: stopKafka } = await openKafka(readConfig(process.env, kafkaConfig)))
})
afterAll(async () => {
  await stopKafka?.()
  await pricing?.stop()
})

const run = (...args: string[]): Promise<number> => catalog.run(args)

async function topicWith(values: readonly (string | Buffer)[]): Promise<string> {
  const topic = uniqueName('crawled')
  await kafka.admin.createTopics([{ name: topic, partitions: 2, replicas: 1, configs: {} }])
  const producer = await kafka.producer()
  await writeRecords(producer, (into) => {
    values.forEach((value, i) => {
      appendRecord(into, { topic, partition: i % 2, key: `k${i}`, value: Buffer.from(value) })
    })
  })
  await producer.stop(1000)
  return topic
}

test('tables are listed and shown', async () => {
  expect(await run('list', 'deviceId')).toBe(0)
  expect(printed.out).toMatch(/taxi-telemetry +taxi\.telemetry +kafka +avro +taxi-telemetry +\d+/)
  printed.out = ''
  expect(await run('show', 'taxi-telemetry/taxi.telemetry')).toBe(0)
  expect(printed.out).toMatch(/deviceId +string/)
  expect(printed.out).toContain('Sample: {')
  printed.out = ''
  expect(await run('show', 'taxi.telemetry', '--json')).toBe(0)
  expect(JSON.parse(printed.out)).toMatchObject({ DatabaseName: 'taxi-telemetry', partitions: [] })
  expect(await run('show', 'nobody')).toBe(1)
  expect(printed.said).toContain('There is no table nobody')
})

test('a contract is proposed for a topic, and conflicts are told', async () => {
  const topic = await topicWith([
    '{"id":"a","fare":1,"at":{"lat":1.5}}',
    '{"id":"b","fare":2.5,"at":{"lat":2}}',
    '{"id":"c","fare":3,"at":"here","tip":4000000000}',
    'not JSON',
  ])
  expect(await run('crawl', topic)).toBe(0)
  const schema = JSON.parse(printed.out)
  expect(schema.fields).toEqual([
    { name: 'id', type: 'string' },
    { name: 'fare', type: 'double' },
    { name: 'at', type: 'string' },
    { name: 'tip', type: ['null', 'long'], default: null },
  ])
  expect(() => parseSchema(schema)).not.toThrow()
  expect(printed.said).toContain(`4 values of ${topic}: 3 json, 1 text.`)
  expect(printed.said).toContain('at is text in 1, object in 2 of 3 values; text is proposed.')
})

test('a topic with a schema of the registry gets that, and one with nothing known gets none', async () => {
  const { url } = await servers.registry()
  const registered = await fetch(`${url}/subjects/taxi.telemetry-value/versions/latest`)
  const { id, schema } = (await registered.json()) as { id: number; schema: string }
  const framed = Buffer.concat([Buffer.from([0, 0, 0, 0, 0]), Buffer.from('record')])
  framed.writeUInt32BE(id, 1)
  expect(await run('crawl', await topicWith([framed, framed]))).toBe(0)
  expect(JSON.parse(printed.out)).toEqual(JSON.parse(schema))
  expect(await run('crawl', await topicWith([Buffer.from([0xff, 0x80])]), '--json')).toBe(1)
  expect(await run('crawl', await topicWith([]))).toBe(1)
})
