import { kafkaNodes } from '@weir/stack/kafka-admin.ts'
import kafkajs from 'kafkajs'
import { expect, onTestFinished, test } from 'vitest'
import { kafkaCluster } from './kafka-cluster.ts'
import { secureKafka } from './secure-kafka.ts'
import { uniqueName } from './unique-name.ts'

test('a cluster loses a node and gets it back', async () => {
  const cluster = await kafkaCluster({ brokers: 3 })
  onTestFinished(cluster.stop)
  expect((await kafkaNodes(cluster.brokers)).sort()).toEqual([1, 2, 3])

  await cluster.kill(0)
  await expect
    .poll(() => kafkaNodes(cluster.brokers.slice(1)).then((ids) => ids.sort()), { timeout: 30_000 })
    .toEqual([2, 3])

  await cluster.restart(0)
  await expect
    .poll(() => kafkaNodes(cluster.brokers).then((ids) => ids.sort()), { timeout: 30_000 })
    .toEqual([1, 2, 3])
})

test('the secure broker accepts the right password over TLS, and no other', async () => {
  const broker = await secureKafka()
  onTestFinished(broker.stop)
  const topic = uniqueName('secure')
  const create = async (brokers: string[], sasl?: kafkajs.SASLOptions): Promise<boolean> => {
    // The broker ends a login after a few seconds. kafkajs would log in again ten seconds before that, which
    // means before each request, and brokers refuse that.
    const client = new kafkajs.Kafka({
      brokers,
      ssl: { ca: [broker.ca] },
      ...(sasl && { sasl }),
      reauthenticationThreshold: 0,
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 0 },
    })
    const admin = client.admin()
    try {
      await admin.connect()
      return await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    } finally {
      await admin.disconnect()
    }
  }
  const { brokers, username, password } = broker.scram
  expect(await create(brokers, { mechanism: 'scram-sha-512', username, password })).toBe(true)
  expect(await create(broker.tls.brokers)).toBe(false)
  await expect(create(brokers, { mechanism: 'scram-sha-256', username, password: 'wrong' })).rejects.toThrow(
    /authentication/i,
  )
  await expect(create(brokers)).rejects.toThrow()
})
