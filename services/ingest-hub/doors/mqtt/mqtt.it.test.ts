import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '@weir/config'
import type { Kafka } from '@weir/kafka'
import { servers, uniqueName } from '@weir/testkit'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Hub, prepare, report, startHub, storedFrom } from '../../testing/hub.ts'
import { BareClient, connect, inbox, mqttPorts } from './testing/clients.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-mqtt-'))
const keysFile = join(folder, 'keys.json')
const keyOf = (name: string, mqtt?: unknown) => ({
  name,
  sha256: sha256(`${name}-key`).toString('hex'),
  topics: [],
  ...(mqtt !== undefined && { mqtt }),
})
const FLEET = { publish: ['taxis/${clientId}/telemetry', 'room/#'], subscribe: ['room/#'] }

let kafka: Kafka
let registryUrl: string
let open: Hub
let guarded: Hub
let stop: () => Promise<void>

beforeAll(async () => {
  const [{ brokers }, registry] = await Promise.all([servers.kafka(), servers.registry()])
  registryUrl = registry.url
  const backends = { brokers, registryUrl }
  ;({ kafka, stop } = await prepare(backends))
  writeFileSync(keysFile, JSON.stringify([keyOf('fleet', FLEET), keyOf('other', FLEET), keyOf('none')]))
  open = await startHub(backends)
  guarded = await startHub(backends, { ALLOW_ANONYMOUS: 'false', API_KEYS_FILE: keysFile })
})

afterAll(async () => {
  for (const hub of [open, guarded]) hub?.kill('SIGTERM')
  await Promise.all([open?.exited, guarded?.exited])
  await stop?.()
  rmSync(folder, { recursive: true })
})

const telemetry = (clientId: string): string => `taxis/${clientId}/telemetry`

describe.each([
  { name: '3.1.1', version: 4 as const },
  { name: '5', version: 5 as const },
])('MQTT $name', ({ version }) => {
  test('an acknowledged message of QoS 1 is a record of the topic that names the filter', async () => {
    const clientId = uniqueName('cab')
    const client = await connect(open, { clientId, protocolVersion: version })
    const values = Array.from({ length: 20 }, (_, i) => report({ deviceId: clientId, speed: i }))
    await Promise.all(
      values.map((value) => client.publishAsync(telemetry(clientId), JSON.stringify(value), { qos: 1 })),
    )
    await client.endAsync()
    const stored = await storedFrom(kafka, registryUrl, clientId)
    expect(stored.map(({ value }) => value)).toEqual(values)
    expect(stored[0].headers).toMatchObject({ 'weir-source': clientId, 'weir-client': 'anonymous' })
    expect(new Set(stored.map(({ headers }) => headers['weir-id'])).size).toBe(20)
  })

  test('a message of QoS 0 is stored without an acknowledgement', async () => {
    const clientId = uniqueName('cab')
    const client = await connect(open, { clientId, protocolVersion: version })
    await client.publishAsync(telemetry(clientId), JSON.stringify(report({ deviceId: clientId })))
    await expect.poll(() => storedFrom(kafka, registryUrl, clientId), { timeout: 5000 }).toHaveLength(1)
    await client.endAsync()
  })

  test('subscribers get messages with the smaller QoS, by wildcards, once for overlapping filters', async () => {
    const room = uniqueName('room')
    const receiver = await connect(open, { protocolVersion: version })
    const got = inbox(receiver)
    const granted = await receiver.subscribeAsync({
      [`${room}/+/in`]: { qos: 2 },
      [`${room}/#`]: { qos: 0 },
    })
    expect(granted.map(({ qos }) => qos)).toEqual([1, 0])
    const sender = await connect(open, { protocolVersion: version })
    await sender.publishAsync(`${room}/a/in`, 'one', { qos: 1 })
    await sender.publishAsync(`${room}/a/out`, 'two', { qos: 1 })
    await sender.publishAsync(room, 'three')
    await sender.publishAsync(`other-${room}`, 'four', { qos: 1 })
    await expect.poll(() => got.length, { timeout: 5000 }).toBe(3)
    expect(got.map(({ topic, text, qos }) => ({ topic, text, qos }))).toEqual([
      { topic: `${room}/a/in`, text: 'one', qos: 1 },
      { topic: `${room}/a/out`, text: 'two', qos: 0 },
      { topic: room, text: 'three', qos: 0 },
    ])
    await receiver.unsubscribeAsync(`${room}/#`)
    await sender.publishAsync(`${room}/a/out`, 'five', { qos: 1 })
    await sender.publishAsync(`${room}/a/in`, 'six', { qos: 1 })
    await expect.poll(() => got.map(({ text }) => text).slice(3), { timeout: 5000 }).toEqual(['six'])
    await Promise.all([receiver.endAsync(), sender.endAsync()])
  })

  test('the will is published if the client disappears, and not if it says goodbye', async () => {
    const room = uniqueName('room')
    const receiver = await connect(open, { protocolVersion: version })
    const got = inbox(receiver)
    await receiver.subscribeAsync(`${room}/#`, { qos: 1 })
    const will = (topic: string) => ({
      topic: `${room}/${topic}`,
      payload: Buffer.from('gone'),
      qos: 1 as const,
    })
    const polite = await connect(open, { protocolVersion: version, will: will('polite') })
    await polite.endAsync()
    const lost = await connect(open, { protocolVersion: version, will: will('lost') })
    lost.stream.destroy()
    await expect.poll(() => got.map(({ topic }) => topic), { timeout: 5000 }).toEqual([`${room}/lost`])
    await receiver.endAsync()
  })

  test('a client id has one connection: the new one takes over', async () => {
    const clientId = uniqueName('twice')
    const first = await BareClient.connected(open, version, { clientId })
    const second = await BareClient.connected(open, version, { clientId })
    await first.closed
    if (version === 5) expect(await first.packet('disconnect')).toMatchObject({ reasonCode: 0x8e })
    second.send({ cmd: 'pingreq' })
    await second.packet('pingresp')
    second.socket.destroy()
  })

  test('messages are acknowledged in their order, those that are refused too', async () => {
    const clientId = uniqueName('order')
    const client = await BareClient.connected(open, version, { clientId })
    const payloads = ['{"bad":1}', 'no json', JSON.stringify(report({ deviceId: clientId }))]
    for (let messageId = 1; messageId <= 60; messageId++)
      client.send({
        cmd: 'publish',
        topic: telemetry(clientId),
        payload: payloads[messageId % 3],
        qos: 1,
        messageId,
        dup: false,
        retain: false,
      })
    await expect.poll(() => client.received.length, { timeout: 5000 }).toBe(60)
    expect(client.received.map(({ messageId }) => messageId)).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1),
    )
    if (version === 5) {
      expect(client.received[0].reasonCode).toBe(0x99)
      expect(client.received[0].properties.reasonString).toBe('The payload is not JSON.')
      expect(client.received[1].reasonCode).toBe(0)
    }
    client.socket.destroy()
    expect(await storedFrom(kafka, registryUrl, clientId)).toHaveLength(20)
  })

  test('a message of QoS 2 ends the connection', async () => {
    const client = await BareClient.connected(open, version)
    client.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 2, messageId: 1, dup: false, retain: false })
    await client.closed
    if (version === 5) expect(await client.packet('disconnect')).toMatchObject({ reasonCode: 0x9b })
  })

  test('a client that is silent for one and a half times its keep alive is disconnected', async () => {
    const began = Date.now()
    const client = await BareClient.connected(open, version, { keepalive: 1 })
    await client.closed
    expect(Date.now() - began).toBeGreaterThan(1400)
    expect(Date.now() - began).toBeLessThan(4000)
    if (version === 5) expect(await client.packet('disconnect')).toMatchObject({ reasonCode: 0x8d })
  })

  test('the key is the password, and its rights are topic filters', async () => {
    const clientId = uniqueName('cab')
    const as = (name: string, id = clientId) =>
      connect(guarded, { clientId: id, username: 'any', password: `${name}-key`, protocolVersion: version })
    await expect(connect(guarded, { protocolVersion: version })).rejects.toThrow(/[Nn]ot authorized/)
    await expect(as('unknown')).rejects.toThrow(/[Bb]ad (User Name|username)/)
    const client = await as('fleet')
    await client.publishAsync(telemetry(clientId), JSON.stringify(report({ deviceId: clientId })), { qos: 1 })
    const codesOf = async (filters: readonly string[]): Promise<readonly number[]> => {
      const bare = await BareClient.connected(guarded, version, {
        clientId: uniqueName('filters'),
        username: 'any',
        password: Buffer.from('fleet-key'),
      })
      const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const }))
      bare.send({ cmd: 'subscribe', messageId: 1, subscriptions })
      const { granted } = await bare.packet('suback')
      bare.socket.destroy()
      return granted
    }
    const filters = ['room/1', 'room/#', '#', '+/1', telemetry(clientId), 'a#']
    const [no, wrong] = version === 5 ? [0x87, 0x8f] : [0x80, 0x80]
    expect(await codesOf(filters)).toEqual([1, 1, no, no, no, wrong])
    await expect(as('other')).rejects.toThrow(/[Nn]ot authorized/)
    const stranger = await as('none', uniqueName('none'))
    stranger.on('error', () => {})
    const refused = await Promise.race([
      stranger.publishAsync('room/1', 'x', { qos: 1 }).then(
        () => 'stored',
        () => 'refused',
      ),
      new Promise((resolve) => stranger.once('close', () => resolve('closed'))),
    ])
    expect(refused).toBe(version === 5 ? 'refused' : 'closed')
    await Promise.all([client.endAsync(true), stranger.endAsync(true)])
  })
})

test('the door says what it grants, and gives a client without an id one', async () => {
  const client = await BareClient.open(open)
  client.send({
    cmd: 'connect',
    protocolVersion: 5,
    clientId: '',
    clean: true,
    keepalive: 0,
    properties: { sessionExpiryInterval: 7200 },
  })
  expect(await client.packet('connack')).toMatchObject({
    reasonCode: 0,
    sessionPresent: false,
    properties: {
      receiveMaximum: 100,
      maximumQoS: 1,
      retainAvailable: false,
      maximumPacketSize: 128 << 10,
      topicAliasMaximum: 8,
      serverKeepAlive: 1200,
      sessionExpiryInterval: 3600,
      assignedClientIdentifier: expect.stringMatching(/^auto-/),
    },
  })
  client.send({ cmd: 'publish', topic: 'a', payload: '', qos: 0, dup: false, retain: true })
  await client.closed
  expect(await client.packet('disconnect')).toMatchObject({ reasonCode: 0x9a })
})

test('properties of MQTT 5 reach the subscriber, and aliases stand for topics', async () => {
  const room = uniqueName('room')
  const receiver = await connect(open, { protocolVersion: 5 })
  const got = inbox(receiver)
  await receiver.subscribeAsync(`${room}/#`, { qos: 1, properties: { subscriptionIdentifier: 7 } })
  const sender = await connect(open, { protocolVersion: 5, clientId: uniqueName('sender') })
  const properties = {
    contentType: 'text/plain',
    responseTopic: `${room}/answer`,
    correlationData: Buffer.from([0, 255]),
    messageExpiryInterval: 60,
    userProperties: { a: ['1', '2'], b: '3' },
  }
  await sender.publishAsync(`${room}/ask`, 'one', { qos: 1, properties: { ...properties, topicAlias: 1 } })
  await sender.publishAsync('', 'two', { qos: 1, properties: { topicAlias: 1 } })
  await expect.poll(() => got.length, { timeout: 5000 }).toBe(2)
  expect(got[0].properties).toMatchObject({
    ...properties,
    messageExpiryInterval: expect.any(Number),
    subscriptionIdentifier: 7,
  })
  expect(got[1]).toMatchObject({ topic: `${room}/ask`, text: 'two' })
  await Promise.all([receiver.endAsync(), sender.endAsync()])
})

test('a client does not get its own messages from a subscription with No Local', async () => {
  const room = uniqueName('room')
  const client = await connect(open, { protocolVersion: 5 })
  const got = inbox(client)
  await client.subscribeAsync(`${room}/own`, { qos: 1, nl: true })
  await client.subscribeAsync(`${room}/all`, { qos: 1 })
  await client.publishAsync(`${room}/own`, 'own', { qos: 1 })
  await client.publishAsync(`${room}/all`, 'all', { qos: 1 })
  await expect.poll(() => got.map(({ text }) => text), { timeout: 5000 }).toEqual(['all'])
  await client.endAsync()
})

test('each message of a shared subscription goes to one of its clients', async () => {
  const room = uniqueName('room')
  const members = await Promise.all([1, 2, 3].map(() => connect(open, { protocolVersion: 5 })))
  const inboxes = members.map(inbox)
  for (const member of members) await member.subscribeAsync(`$share/crew/${room}/#`, { qos: 1 })
  const sender = await connect(open, { protocolVersion: 5 })
  await Promise.all(
    Array.from({ length: 60 }, (_, i) => sender.publishAsync(`${room}/${i}`, String(i), { qos: 1 })),
  )
  await expect.poll(() => inboxes.flat().length, { timeout: 5000 }).toBe(60)
  expect(new Set(inboxes.flat().map(({ text }) => text)).size).toBe(60)
  for (const got of inboxes) expect(got.length).toBeGreaterThan(5)
  await Promise.all([...members, sender].map((client) => client.endAsync()))
})

test('a client of MQTT over WebSocket is served on the port for HTTP', async () => {
  const clientId = uniqueName('web')
  const client = await connectAsync(`${open.url.replace('http', 'ws')}/mqtt`, {
    clientId,
    reconnectPeriod: 0,
  })
  await client.publishAsync(telemetry(clientId), JSON.stringify(report({ deviceId: clientId })), { qos: 1 })
  await client.endAsync()
  expect(await storedFrom(kafka, registryUrl, clientId)).toHaveLength(1)
})

test('a page from elsewhere is not served over WebSocket without a key', async () => {
  const refused = connectAsync(`${open.url.replace('http', 'ws')}/mqtt`, {
    reconnectPeriod: 0,
    wsOptions: { headers: { origin: 'https://elsewhere.example' } },
  })
  await expect(refused).rejects.toThrow(/Not authorized/)
})

test('a key that is taken away ends the connections that were opened with it', async () => {
  const clientId = uniqueName('cab')
  const client = await BareClient.connected(guarded, 5, {
    clientId,
    username: 'any',
    password: Buffer.from('other-key'),
  })
  onTestFinished(() =>
    writeFileSync(keysFile, JSON.stringify([keyOf('fleet', FLEET), keyOf('other', FLEET), keyOf('none')])),
  )
  writeFileSync(keysFile, JSON.stringify([keyOf('fleet', FLEET), keyOf('none')]))
  await client.closed
  expect(await client.packet('disconnect')).toMatchObject({ reasonCode: 0x87 })
})

test('the door counts messages as a stage', async () => {
  const metrics = await (await fetch(`${open.url}/metrics`)).text()
  expect(metrics).toMatch(/^weir_stage_records_total\{stage="ingest-hub.mqtt"\} \d\d+$/m)
  expect(metrics).toMatch(/^weir_mqtt_refused_messages_total [1-9]/m)
  expect(mqttPorts(open).port).toBeGreaterThan(0)
})
