import { servers, uniqueName } from '@weir/testkit'
import { expect, test } from 'vitest'
import type { KafkaConfig } from './config.ts'
import { processing } from './conformance/records.ts'
import {
  encodeHeaders,
  headerOf,
  keyOf,
  NO_HEADERS,
  openKafka,
  partitionFor,
  type RecordBatch,
  valueOf,
} from './index.ts'

const PARTITIONS = 3

function configOf(brokers: string[], driver: KafkaConfig['driver']): KafkaConfig {
  return {
    brokers,
    driver,
    groupProtocol: 'auto',
    compression: 'none',
    clientId: 'smoke',
    rack: undefined,
    instanceId: undefined,
    tls: undefined,
    sasl: undefined,
  }
}

async function open(driver: KafkaConfig['driver']) {
  return openKafka(configOf((await servers.kafka()).brokers, driver))
}

for (const driver of ['platformatic', 'kafkajs'] as const) {
  test(`records are written, copied in a transaction and read with ${driver}`, async () => {
    const { value: kafka, stop } = await open(driver)
    const [input, output] = [uniqueName('smoke'), uniqueName('smoke-out')]
    await kafka.admin.createTopics(
      [input, output].map((name) => ({ name, partitions: PARTITIONS, replicas: -1, configs: {} })),
    )

    const delivery = (await kafka.producer()).delivery()
    const headers = encodeHeaders({ 'weir-id': 'the-id' })
    for (let i = 0; i < 300; i++) {
      const [key, value] = [Buffer.from(`key-${i % 10}`), Buffer.from(`value-${i}`)]
      delivery.append(
        input,
        partitionFor(key, 0, key.length, PARTITIONS),
        key,
        0,
        key.length,
        value,
        0,
        value.length,
        headers,
        0,
        headers.length,
      )
    }
    expect(await delivery.settled()).toEqual([])

    const copy = await kafka.transform(
      { groupId: input, topics: [input], startAt: 'earliest' },
      processing((batch, out) => {
        for (let i = 0; i < batch.length; i++) {
          out.append(
            output,
            batch.partition,
            batch.bytes,
            batch.keyStart[i],
            batch.keyEnd[i],
            batch.bytes,
            batch.valueStart[i],
            batch.valueEnd[i],
            batch.bytes,
            batch.headersStart[i],
            batch.headersEnd[i],
          )
        }
      }),
    )
    const seen: string[] = []
    const take = (batch: RecordBatch): void => {
      for (let i = 0; i < batch.length; i++)
        seen.push(`${keyOf(batch, i)} ${valueOf(batch, i)} ${headerOf(batch, i, 'weir-id')}`)
    }
    const reading = await kafka.read({ topics: [output], from: 'earliest', until: 'stopped' }, take)
    await expect.poll(() => seen.length, { timeout: 30_000 }).toBe(300)
    expect(seen.sort()).toEqual(
      Array.from({ length: 300 }, (_, i) => `key-${i % 10} value-${i} the-id`).sort(),
    )
    expect(copy.ready()).toBe(true)
    expect(kafka.connected()).toBe(true)
    await copy.stop()
    await reading.stop()
    expect((await kafka.admin.lag(input)).map(({ lag }) => lag)).toEqual([0, 0, 0])
    await stop()
    expect(kafka.connected()).toBe(false)
  })
}

test('a missing broker is reported with the setting to check', async () => {
  const nobody = openKafka(configOf(['127.0.0.1:1'], 'platformatic'))
  await expect(nobody).rejects.toMatchObject({
    code: 'no-broker',
    retriable: true,
    message: expect.stringContaining('KAFKA_BROKERS'),
  })
})

test('a record without key, value and headers costs no more than seven bytes on the wire', async () => {
  const { value: kafka, stop } = await open('platformatic')
  const topic = uniqueName('bare')
  await kafka.admin.createTopics([{ name: topic, partitions: 1, replicas: -1, configs: {} }])
  const producer = await kafka.producer()
  const delivery = producer.delivery()
  const before = producer.bufferedBytes
  for (let i = 0; i < 10; i++) delivery.append(topic, 0, null, 0, 0, null, 0, 0, NO_HEADERS, 0, 1)
  expect(producer.bufferedBytes - before).toBe(70)
  expect(await delivery.settled()).toEqual([])
  expect(producer.bufferedBytes).toBe(0)
  await stop()
})
