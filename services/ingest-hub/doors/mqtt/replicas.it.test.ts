import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import type { Kafka } from '@weir/kafka'
import { servers, uniqueName } from '@weir/testkit'
import { makeCertificates } from '@weir/testkit/certificates.ts'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Backends, type Hub, prepare, report, startHub, storedFrom } from '../../testing/hub.ts'
import { BareClient, connect, inbox, mqttPorts } from './testing/clients.ts'

let kafka: Kafka
let backends: Backends
let stop: () => Promise<void>
let one: Hub
let two: Hub

beforeAll(async () => {
  const [{ brokers }, { url: registryUrl }] = await Promise.all([servers.kafka(), servers.registry()])
  backends = { brokers, registryUrl }
  ;({ kafka, stop } = await prepare(backends))
  ;[one, two] = await Promise.all([startHub(backends), startHub(backends)])
})

afterAll(async () => {
  for (const hub of [one, two]) hub?.kill('SIGTERM')
  await Promise.all([one?.exited, two?.exited])
  await stop?.()
})

const lasting = (clientId: string) => ({
  clientId,
  clean: false,
  protocolVersion: 5 as const,
  properties: { sessionExpiryInterval: 600 },
})

test('a message reaches subscribers at every replica', async () => {
  const room = uniqueName('room')
  const receivers = await Promise.all([connect(one), connect(two, { protocolVersion: 5 })])
  const inboxes = receivers.map(inbox)
  await Promise.all(receivers.map((receiver) => receiver.subscribeAsync(`${room}/#`, { qos: 1 })))
  const sender = await connect(two)
  for (let i = 0; i < 50; i++) await sender.publishAsync(`${room}/${i}`, String(i), { qos: 1 })
  const sent = Array.from({ length: 50 }, (_, i) => String(i))
  for (const got of inboxes)
    await expect.poll(() => got.map(({ text }) => text), { timeout: 10_000 }).toEqual(sent)
  await Promise.all([...receivers, sender].map((client) => client.endAsync()))
})

test('a client that connects to another replica takes its client id along', async () => {
  const clientId = uniqueName('moving')
  const first = await BareClient.connected(one, 5, { clientId })
  const second = await BareClient.connected(two, 5, { clientId })
  await first.closed
  expect(await first.packet('disconnect')).toMatchObject({ reasonCode: 0x8e })
  const third = await BareClient.connected(one, 4, { clientId })
  await second.closed
  third.send({ cmd: 'pingreq' })
  await third.packet('pingresp')
  third.socket.destroy()
})

test('a session goes on at another replica, with what was published in the meantime', async () => {
  const clientId = uniqueName('session')
  const room = uniqueName('room')
  const before = await connect(one, lasting(clientId))
  const early = inbox(before)
  await before.subscribeAsync(`${room}/#`, { qos: 1 })
  const sender = await connect(one)
  await sender.publishAsync(`${room}/0`, '0', { qos: 1 })
  await expect.poll(() => early.length, { timeout: 5000 }).toBe(1)
  await before.endAsync()
  for (let i = 1; i <= 300; i++) await sender.publishAsync(`${room}/${i}`, String(i), { qos: i % 3 ? 1 : 0 })
  const late: ReturnType<typeof inbox> = []
  const after = await BareClient.open(two)
  after.send({
    cmd: 'connect',
    protocolVersion: 5,
    clientId,
    clean: false,
    keepalive: 60,
    properties: { sessionExpiryInterval: 600, receiveMaximum: 10 },
  })
  expect(await after.packet('connack')).toMatchObject({ sessionPresent: true })
  // Messages of QoS 0 that arrive now are for it too.
  const first = () => after.received.filter(({ qos }) => qos === 1)
  await expect.poll(() => first().length, { timeout: 5000 }).toBe(10)
  after.socket.destroy()
  await after.closed
  const again = await connect(two, lasting(clientId))
  again.on('message', (topic, payload, packet) =>
    late.push({ topic, text: payload.toString(), properties: undefined, qos: packet.qos }),
  )
  const expected = Array.from({ length: 300 }, (_, i) => i + 1).filter((i) => i % 3)
  const numbers = () => [
    ...new Set([...first().map(({ payload }) => Number(payload)), ...late.map(({ text }) => Number(text))]),
  ]
  await expect.poll(numbers, { timeout: 10_000 }).toEqual(expected)
  await sender.publishAsync(`${room}/live`, '301', { qos: 1 })
  await expect.poll(() => late.at(-1)?.text, { timeout: 5000 }).toBe('301')
  await Promise.all([again.endAsync(), sender.endAsync()])
})

test('a slow subscriber gets every message of QoS 1 once and in order, from the log', async () => {
  const room = uniqueName('room')
  const receiver = await BareClient.connected(one, 5, { properties: { receiveMaximum: 5 } })
  receiver.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `${room}/#`, qos: 1 }] })
  await receiver.packet('suback')
  const sender = await connect(two)
  await Promise.all(
    Array.from({ length: 400 }, (_, i) => sender.publishAsync(`${room}/a`, String(i), { qos: 1 })),
  )
  const got: string[] = []
  while (got.length < 400) {
    const { messageId, payload } = await receiver.packet('publish')
    got.push(String(payload))
    receiver.send({ cmd: 'puback', messageId })
  }
  expect(got).toEqual(Array.from({ length: 400 }, (_, i) => String(i)))
  receiver.socket.destroy()
  await sender.endAsync()
})

test('a will with a delay is not published if the client comes back in time', async () => {
  const room = uniqueName('room')
  const receiver = await connect(two)
  const got = inbox(receiver)
  await receiver.subscribeAsync(`${room}/#`, { qos: 1 })
  const options = (clientId: string) => ({
    ...lasting(clientId),
    will: {
      topic: `${room}/${clientId}`,
      payload: Buffer.from('gone'),
      qos: 1 as const,
      properties: { willDelayInterval: 2 },
    },
  })
  const [back, away] = [uniqueName('back'), uniqueName('away')]
  for (const clientId of [back, away]) (await connect(one, options(clientId))).stream.destroy()
  await new Promise((resolve) => setTimeout(resolve, 300))
  const returned = await connect(one, options(back))
  await expect.poll(() => got.map(({ topic }) => topic), { timeout: 6000 }).toEqual([`${room}/${away}`])
  await Promise.all([returned.endAsync(), receiver.endAsync()])
})

test('every acknowledged message is in Kafka after the hub was killed', async () => {
  const victim = await startHub(backends)
  const room = uniqueName('kill')
  const ids = Array.from({ length: 20 }, (_, i) => `${room}-${i}`)
  const clients = await Promise.all(ids.map((clientId) => BareClient.connected(victim, 4, { clientId })))
  const sent = clients.map(() => 0)
  const publishing = setInterval(() => {
    for (const [i, client] of clients.entries()) {
      for (let k = 0; k < 20 && !client.socket.destroyed; k++) {
        const messageId = ++sent[i]
        const value = report({ deviceId: room, speed: messageId })
        const payload = JSON.stringify(value)
        client.send({
          cmd: 'publish',
          topic: `taxis/${i}/telemetry`,
          payload,
          qos: 1,
          messageId,
          dup: false,
          retain: false,
        })
      }
    }
  }, 20)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  victim.kill('SIGKILL')
  await victim.exited
  await Promise.all(clients.map(({ closed }) => closed))
  clearInterval(publishing)
  const stored = await storedFrom(kafka, backends.registryUrl, ...ids)
  let acknowledged = 0
  for (const [i, { received }] of clients.entries()) {
    const own = stored.filter(({ headers }) => headers['weir-source'] === ids[i])
    const speeds = new Set(own.map(({ value }) => value.speed))
    const acks = received.filter(({ cmd }) => cmd === 'puback')
    acknowledged += acks.length
    expect(acks.filter(({ messageId }) => !speeds.has(messageId))).toEqual([])
  }
  expect(acknowledged).toBeGreaterThan(500)
})

test('devices with certificates: the common name is the client id', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-mqtts-'))
  const { ca, caFile, keyFile, client: certificateOf } = await makeCertificates(folder)
  const keys = join(folder, 'keys.json')
  const entry = {
    name: 'devices',
    certificates: true,
    topics: [],
    mqtt: { publish: ['taxis/${clientId}/#'] },
  }
  writeFileSync(keys, JSON.stringify([entry]))
  const hub = await startHub(backends, {
    TLS_CERT_FILE: keyFile,
    TLS_KEY_FILE: keyFile,
    MQTT_CLIENT_CA_FILE: caFile,
    API_KEYS_FILE: keys,
    ALLOW_ANONYMOUS: 'false',
  })
  const open = (clientId: string, files: { cert?: string; key?: string }) =>
    connectAsync(`mqtts://127.0.0.1:${mqttPorts(hub).tlsPort}`, {
      ca,
      clientId,
      reconnectPeriod: 0,
      connectTimeout: 3000,
      ...files,
    })
  const name = uniqueName('cab')
  const files = await certificateOf(name)
  const client = await open(name, files)
  await client.publishAsync(`taxis/${name}/telemetry`, JSON.stringify(report({ deviceId: name })), { qos: 1 })
  await client.endAsync()
  expect(await storedFrom(kafka, backends.registryUrl, name)).toHaveLength(1)
  await expect(open('another', files)).rejects.toThrow(/Not authorized/)
  await expect(open(name, {})).rejects.toThrow(/Not authorized/)
  const elsewhere = await makeCertificates(mkdtempSync(join(folder, 'elsewhere-')))
  const port = mqttPorts(hub).tlsPort
  const stranger = connectTls({ port, host: '127.0.0.1', ca, ...(await elsewhere.client(name)) })
  await new Promise((resolve) => stranger.on('error', () => {}).once('close', resolve))
  hub.kill('SIGTERM')
  await hub.exited
  rmSync(folder, { recursive: true })
})
