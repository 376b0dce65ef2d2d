import type { Kafka } from '@weir/kafka'
import { type KafkaCluster, kafkaCluster, servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Backends, type Hub, prepare, report, startHub, storedFrom } from '../../testing/hub.ts'
import { BareClient } from './testing/clients.ts'

let cluster: KafkaCluster
let backends: Backends
let kafka: Kafka
let stop: () => Promise<void>
let hub: Hub

beforeAll(async () => {
  cluster = await kafkaCluster({ brokers: 1 })
  backends = { brokers: cluster.brokers, registryUrl: (await servers.registry()).url }
  ;({ kafka, stop } = await prepare(backends))
  hub = await startHub(backends)
})

afterAll(async () => {
  hub?.kill('SIGTERM')
  await hub?.exited
  await stop?.()
  await cluster?.stop()
})

test('without Kafka no message is acknowledged, and the device learns that it has to send again', async () => {
  const clientId = uniqueName('cab')
  const publish = (client: BareClient, messageId: number): void =>
    client.send({
      cmd: 'publish',
      topic: `taxis/${clientId}/telemetry`,
      payload: JSON.stringify(report({ deviceId: clientId, speed: messageId })),
      qos: 1,
      messageId,
      dup: false,
      retain: false,
      properties: { userProperties: { 'weir-id': `${clientId}-${messageId}` } },
    })
  const before = await BareClient.connected(hub, 5, { clientId })
  publish(before, 1)
  await before.packet('puback')
  await cluster.kill(0)
  const began = Date.now()
  for (const messageId of [2, 3, 4]) publish(before, messageId)
  await before.closed
  expect(Date.now() - began).toBeLessThan(15_000)
  expect(before.received.map(({ cmd }) => cmd)).toEqual(['disconnect'])
  expect(before.received[0].reasonCode).toBe(0x89)
  await cluster.restart(0)
  await expect.poll(async () => (await fetch(`${hub.url}/readyz`)).status, { timeout: 60_000 }).toBe(200)
  const after = await BareClient.connected(hub, 5, { clientId })
  for (const messageId of [2, 3, 4]) publish(after, messageId)
  for (let i = 0; i < 3; i++) await after.packet('puback')
  after.socket.destroy()
  const stored = await storedFrom(kafka, backends.registryUrl, clientId)
  expect(new Set(stored.map(({ headers }) => headers['weir-id']))).toEqual(
    new Set([1, 2, 3, 4].map((messageId) => `${clientId}-${messageId}`)),
  )
})
