/** The command against a real broker. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readConfig } from '@weir/config'
import { encodeHeaders, kafkaConfig, openKafka } from '@weir/kafka'
import { append, stored } from '@weir/kafka/conformance/records.ts'
import { storeUnreadable } from '@weir/kafka/conformance/unreadable.ts'
import { servers, uniqueName } from '@weir/testkit'
import { expect, onTestFinished, test } from 'vitest'

test('tail names the records that it cannot read, and continues', async () => {
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry()])
  const env = { ...process.env, KAFKA_BROKERS: brokers.join(','), REGISTRY_URL: url }
  const { value: kafka, stop } = await openKafka(readConfig(env, kafkaConfig))
  onTestFinished(() => stop())
  const topic = uniqueName('tail')
  await kafka.admin.createTopics([{ name: topic, partitions: 1, replicas: 1, configs: {} }])
  const producer = await kafka.producer()
  const delivery = producer.delivery()
  append(delivery, topic, 0, 'before', '1', encodeHeaders({}))
  await stored(delivery)
  await storeUnreadable(brokers, topic, 0, 3)
  const after = producer.delivery()
  append(after, topic, 0, 'after', '2', encodeHeaders({}))
  await stored(after)
  await producer.stop()

  const child = spawn(
    process.execPath,
    [
      new URL('../main.ts', import.meta.url).pathname,
      'tail',
      topic,
      '--from',
      'earliest',
      '--count',
      '2',
      '--json',
    ],
    { env },
  )
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const [code] = await once(child, 'close')
  expect({
    code,
    keys: out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).key),
  }).toEqual({ code: 0, keys: ['before', 'after'] })
  expect(err).toMatch(/0:1 to 0:3 cannot be read: /)
})
