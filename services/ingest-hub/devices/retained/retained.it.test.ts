import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BareClient, connect } from '../../doors/mqtt/testing/clients.ts'
import { type Backends, type Hub, prepare, startHub } from '../../testing/hub.ts'

let backends: Backends
let stop: () => Promise<void>
let one: Hub
let two: Hub

beforeAll(async () => {
  const [{ brokers }, { url: registryUrl }] = await Promise.all([servers.kafka(), servers.registry()])
  backends = { brokers, registryUrl }
  ;({ stop } = await prepare(backends))
  const env = { MQTT_RETAINED: 'true' }
  ;[one, two] = await Promise.all([startHub(backends, env), startHub(backends, env)])
})

afterAll(async () => {
  for (const hub of [one, two]) hub?.kill('SIGTERM')
  await Promise.all([one?.exited, two?.exited])
  await stop?.()
})

interface Got {
  readonly topic: string
  readonly text: string
  readonly retain: boolean
  readonly qos: number
}

/** Subscribes at the hub, and returns the list to which its messages are added. */
async function subscribed(
  hub: Hub,
  subscriptions: Readonly<Record<string, object>>,
  version: 4 | 5 = 5,
): Promise<Got[]> {
  const client = await connect(hub, { protocolVersion: version })
  const got: Got[] = []
  client.on('message', (topic, payload, { retain, qos }) =>
    got.push({ topic, text: payload.toString(), retain, qos }),
  )
  await client.subscribeAsync(subscriptions as any)
  return got
}

describe.each([{ version: 4 as const }, { version: 5 as const }])('MQTT $version', ({ version }) => {
  test('a subscription at any replica gets the last message of each topic, with the flag', async () => {
    const room = uniqueName('room')
    const sender = await connect(one, { protocolVersion: version })
    for (const text of ['1', '2']) await sender.publishAsync(`${room}/a`, text, { qos: 1, retain: true })
    await sender.publishAsync(`${room}/b`, '3', { qos: 0, retain: true })
    await sender.publishAsync(`${room}/c`, 'not kept', { qos: 1 })
    for (const hub of [one, two]) {
      const got = await subscribed(hub, { [`${room}/#`]: { qos: 1 } }, version)
      await expect
        .poll(() => got.toSorted((a, b) => (a.topic < b.topic ? -1 : 1)))
        .toEqual([
          { topic: `${room}/a`, text: '2', retain: true, qos: 1 },
          { topic: `${room}/b`, text: '3', retain: true, qos: 0 },
        ])
      await sender.publishAsync(`${room}/a`, '2', { qos: 1, retain: true })
      await expect
        .poll(() => got.slice(2))
        .toEqual([{ topic: `${room}/a`, text: '2', retain: false, qos: 1 }])
    }
    await sender.publishAsync(`${room}/a`, '', { qos: 1, retain: true })
    const got = await subscribed(two, { [`${room}/a`]: { qos: 1 }, [`${room}/b`]: { qos: 1 } }, version)
    await expect.poll(() => got.map(({ topic }) => topic)).toEqual([`${room}/b`])
    await sender.endAsync()
  })

  test('a will may be retained', async () => {
    const room = uniqueName('room')
    const will = { topic: `${room}/will`, payload: Buffer.from('gone'), qos: 1 as const, retain: true }
    const lost = await connect(one, { protocolVersion: version, will })
    lost.stream.destroy()
    await expect
      .poll(async () => {
        const got = await subscribed(two, { [`${room}/will`]: { qos: 1 } }, version)
        await new Promise((resolve) => setTimeout(resolve, 200))
        return got
      })
      .toEqual([{ topic: `${room}/will`, text: 'gone', retain: true, qos: 1 }])
  })
})

test('retain handling and retain as published of MQTT 5', async () => {
  const room = uniqueName('room')
  const sender = await connect(one, { protocolVersion: 5 })
  await sender.publishAsync(`${room}/a`, 'kept', { qos: 1, retain: true })
  const never = await subscribed(one, { [`${room}/a`]: { qos: 1, rh: 2 } })
  const shared = await subscribed(one, { [`$share/crew/${room}/a`]: { qos: 1 } })
  const published = await subscribed(one, { [`${room}/a`]: { qos: 1, rap: true, rh: 2 } })
  const client = await BareClient.connected(one)
  const subscribe = async (rh: number, messageId: number): Promise<void> => {
    const subscriptions = [{ topic: `${room}/a`, qos: 1 as const, rh }]
    client.send({ cmd: 'subscribe', messageId, subscriptions })
    await client.packet('suback')
  }
  await subscribe(1, 1)
  expect(await client.packet('publish')).toMatchObject({ retain: true })
  await subscribe(1, 2)
  await subscribe(0, 3)
  expect(await client.packet('publish')).toMatchObject({ retain: true })
  await sender.publishAsync(`${room}/a`, 'again', { qos: 1, retain: true })
  expect(await client.packet('publish')).toMatchObject({ retain: false })
  await expect.poll(() => published).toHaveLength(1)
  expect(published[0]).toMatchObject({ text: 'again', retain: true })
  expect([...never, ...shared].map(({ text, retain }) => ({ text, retain }))).toEqual([
    { text: 'again', retain: false },
    { text: 'again', retain: false },
  ])
  expect(client.received.filter(({ cmd }) => cmd === 'publish')).toEqual([])
  client.socket.destroy()
  await sender.endAsync()
})

test('a client that takes one message at a time gets all that is retained', async () => {
  const room = uniqueName('room')
  const sender = await connect(two, { protocolVersion: 5 })
  const topics = Array.from({ length: 700 }, (_, i) => `${room}/${i}`)
  await Promise.all(topics.map((topic) => sender.publishAsync(topic, 'kept', { qos: 1, retain: true })))
  const client = await BareClient.connected(one, 5, { properties: { receiveMaximum: 1 } })
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `${room}/+`, qos: 1 }] })
  const got = new Set<string>()
  while (got.size < topics.length) {
    const { topic, messageId } = await client.packet('publish')
    got.add(topic)
    client.send({ cmd: 'puback', messageId, reasonCode: 0 })
  }
  client.socket.destroy()
  await sender.endAsync()
})

test('a replica that starts later knows what is retained; the door says that it retains', async () => {
  const room = uniqueName('room')
  const sender = await connect(one, { protocolVersion: 5 })
  await sender.publishAsync(room, 'kept', { qos: 1, retain: true })
  const three = await startHub(backends, { MQTT_RETAINED: 'true' })
  const got = await subscribed(three, { [room]: { qos: 0 } })
  await expect.poll(() => got).toEqual([{ topic: room, text: 'kept', retain: true, qos: 0 }])
  const client = await BareClient.open(three)
  client.send({
    cmd: 'connect',
    protocolVersion: 5,
    clientId: uniqueName('client'),
    clean: true,
    keepalive: 60,
  })
  expect((await client.packet('connack')).properties.retainAvailable).not.toBe(false)
  client.socket.destroy()
  three.kill('SIGTERM')
  await three.exited
})
