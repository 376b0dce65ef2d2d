import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { servers, uniqueName } from '@weir/testkit'
import { generate } from 'mqtt-packet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Hub, prepare, startHub } from '../../testing/hub.ts'
import { BareClient, connect, mqttPorts } from './testing/clients.ts'

let hub: Hub
let stop: () => Promise<void>

beforeAll(async () => {
  const [{ brokers }, { url: registryUrl }] = await Promise.all([servers.kafka(), servers.registry()])
  const backends = { brokers, registryUrl }
  ;({ stop } = await prepare(backends))
  hub = await startHub(backends, { MQTT_CONNECTIONS: '1500' })
})

afterAll(async () => {
  hub?.kill('SIGTERM')
  await hub?.exited
  await stop?.()
})

/** Resident memory of the hub, MB. */
const memory = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${hub.pid}/status`, 'utf8'))?.[1]) / 1024

async function bare(): Promise<Socket> {
  const socket = connectTcp(mqttPorts(hub).port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

const CONNECT = {
  cmd: 'connect',
  protocolVersion: 5,
  clientId: 'hostile',
  clean: true,
  keepalive: 60,
} as const
const connectBytes = (changes: object = {}): Buffer => generate({ ...CONNECT, ...changes } as never)
const subscribeBytes = (filter: string): Buffer =>
  generate(
    { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: filter, qos: 1 }] },
    { protocolVersion: 5 },
  )
/** A PUBLISH of QoS 1 with these bytes as its topic, and no properties. */
const publishBytes = (topic: Buffer): Buffer => {
  const rest = Buffer.concat([
    Buffer.from([topic.length >> 8, topic.length & 0xff]),
    topic,
    Buffer.from([0, 1, 0]),
  ])
  const length: number[] = []
  for (let left = rest.length; ; left >>= 7) {
    length.push(left > 127 ? (left & 127) | 128 : left)
    if (left <= 127) break
  }
  return Buffer.concat([Buffer.from([0x32, ...length]), rest])
}

test.each([
  ['anything but CONNECT first', Buffer.from([0xc0, 0])],
  ['a length of five bytes', Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x01])],
  ['CONNECT of 256 MB', Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f, 0, 4])],
  ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a name that is longer than the packet', Buffer.from([0x10, 4, 0xff, 0xff, 0x4d, 0x51])],
  ['an empty CONNECT', Buffer.from([0x10, 0])],
  ['reserved flags', Buffer.concat([Buffer.from([0x11]), connectBytes().subarray(1)])],
  ['version 9', Buffer.from([0x10, 12, 0, 4, 0x4d, 0x51, 0x54, 0x54, 9, 2, 0, 60, 0, 0])],
])('a connection that begins with %s is closed', async (_name, bytes) => {
  const socket = await bare()
  const closed = once(socket, 'close')
  socket.resume()
  socket.write(bytes)
  await closed
})

test.each([
  ['a second CONNECT', connectBytes()],
  ['a topic with U+0000', publishBytes(Buffer.from('a\0b'))],
  ['a topic that is not UTF-8', publishBytes(Buffer.from([0x61, 0xc3, 0x28]))],
  ['a topic with half of a surrogate pair', publishBytes(Buffer.from([0xed, 0xa0, 0x80]))],
  ['a topic with a wildcard', publishBytes(Buffer.from('a/+'))],
  ['a topic of 65,535 bytes', publishBytes(Buffer.alloc(65_535, 0x61))],
  ['a topic of nine levels', publishBytes(Buffer.from('a/b/c/d/e/f/g/h/i'))],
  ['an empty topic', publishBytes(Buffer.alloc(0))],
  ['a packet of 200 kB', Buffer.concat([Buffer.from([0x30, 0xc0, 0x9a, 0x0c]), Buffer.alloc(1000)])],
  ['a topic that is longer than its packet', Buffer.from([0x30, 4, 0xff, 0xff, 0x61, 0x61])],
  ['a PUBLISH without a packet identifier', Buffer.from([0x32, 3, 0, 1, 0x61])],
  ['packet identifier 0', Buffer.from([0x32, 6, 0, 1, 0x61, 0, 0, 0])],
  ['both bits of QoS', Buffer.from([0x36, 6, 0, 1, 0x61, 0, 1, 0])],
  ['SUBSCRIBE without filters', Buffer.from([0x82, 3, 0, 1, 0])],
  ['SUBSCRIBE with wrong flags', Buffer.from([0x80, 3, 0, 1, 0])],
  ['a filter that is not UTF-8', Buffer.from([0x82, 8, 0, 1, 0, 0, 2, 0xc3, 0x28, 0])],
  ['PUBREL', Buffer.from([0x62, 2, 0, 1])],
  ['SUBACK', Buffer.from([0x90, 4, 0, 1, 0, 0])],
  ['packet type 0', Buffer.from([0, 0])],
  ['a topic alias of 0', Buffer.from([0x30, 8, 0, 1, 0x61, 3, 0x23, 0, 0, 0])],
  ['an unknown topic alias', Buffer.from([0x30, 7, 0, 0, 3, 0x23, 0, 5, 0])],
  ['properties that are longer than their packet', Buffer.from([0x30, 5, 0, 1, 0x61, 0x7f, 0x26])],
  ['an unknown property', Buffer.from([0x30, 6, 0, 1, 0x61, 2, 0x7e, 1])],
])('a client that sends %s is disconnected with a reason', async (_name, bytes) => {
  const client = await BareClient.connected(hub)
  client.socket.write(bytes)
  await client.closed
  const { reasonCode } = await client.packet('disconnect')
  expect(reasonCode).toBeGreaterThanOrEqual(0x80)
})

test('a packet that arrives byte by byte is read', async () => {
  const client = await BareClient.connected(hub)
  for (const byte of Buffer.concat([publishBytes(Buffer.from('a/b')), Buffer.from([0xc0, 0])])) {
    client.socket.write(Buffer.from([byte]))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await client.packet('puback')
  await client.packet('pingresp')
  client.socket.destroy()
})

test('3,000 connections that say nothing push each other out, take little memory, and end', async () => {
  const before = memory()
  const sockets: Socket[] = []
  for (let i = 0; i < 30; i++) sockets.push(...(await Promise.all(Array.from({ length: 100 }, bare))))
  const closed = (): number => sockets.filter(({ destroyed }) => destroyed).length
  for (const socket of sockets) socket.resume()
  await expect.poll(closed, { timeout: 5000 }).toBeGreaterThanOrEqual(1500)
  expect(memory() - before).toBeLessThan(100)
  const client = await connect(hub)
  await client.publishAsync('a', 'x', { qos: 1 })
  await client.endAsync()
  await expect.poll(closed, { timeout: 15_000 }).toBe(3000)
}, 40_000)

test('a client that never reads is disconnected, and its messages take no memory', async () => {
  const room = uniqueName('room')
  const deaf = await bare()
  deaf.pause()
  deaf.write(connectBytes({ clientId: uniqueName('deaf') }))
  deaf.write(subscribeBytes(`${room}/#`))
  const sender = await connect(hub)
  const payload = Buffer.alloc(60_000, 1)
  const before = memory()
  for (let i = 0; i < 100; i++) await sender.publishAsync(`${room}/${i}`, payload, { qos: i % 2 ? 1 : 0 })
  expect(memory() - before).toBeLessThan(60)
  await sender.endAsync()
  deaf.destroy()
}, 30_000)

test('a flood of SUBSCRIBE is slowed down, and ends at 50 subscriptions', async () => {
  const client = await BareClient.connected(hub)
  const before = memory()
  for (let i = 0; i < 300; i++)
    client.send({ cmd: 'subscribe', messageId: i + 1, subscriptions: [{ topic: `flood/${i}/#`, qos: 1 }] })
  await expect.poll(() => client.received.length, { timeout: 20_000 }).toBe(300)
  const codes = client.received.map(({ granted }) => granted[0])
  expect(codes.slice(0, 50).every((code) => code === 1)).toBe(true)
  expect(codes.slice(50).every((code) => code === 0x97)).toBe(true)
  expect(memory() - before).toBeLessThan(60)
  client.socket.destroy()
}, 30_000)

test('what clients have announced and not sent is bounded', async () => {
  const before = memory()
  const clients = await Promise.all(Array.from({ length: 300 }, () => BareClient.connected(hub)))
  // 120 kB are announced, and one byte of them is sent.
  for (const { socket } of clients) socket.write(Buffer.from([0x30, 0xc0, 0xa9, 0x07, 0]))
  const closed = (): number => clients.filter(({ socket }) => socket.destroyed).length
  await expect.poll(closed, { timeout: 5000 }).toBeGreaterThan(50)
  expect(memory() - before).toBeLessThan(100)
  for (const { socket } of clients) socket.destroy()
})
