import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kafka } from '@weir/kafka'
import { servers, uniqueName } from '@weir/testkit'
import { makeCertificates } from '@weir/testkit/certificates.ts'
import { type Mosquitto, startMosquitto } from '@weir/testkit/mosquitto.ts'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Backends, type Hub, prepare, report, startHub, storedFrom } from '../../testing/hub.ts'

let kafka: Kafka
let backends: Backends
let stop: () => Promise<void>
let broker: Mosquitto

beforeAll(async () => {
  const [{ brokers }, { url: registryUrl }] = await Promise.all([servers.kafka(), servers.registry()])
  backends = { brokers, registryUrl }
  ;[{ kafka, stop }, broker] = await Promise.all([prepare(backends), startMosquitto()])
})

afterAll(async () => {
  await stop?.()
  await broker?.stop()
})

/** The user hub with the password secret, as mosquitto_passwd hashes it. */
const PASSWORDS =
  'hub:$7$101$ivxrT0aCVU1hb+/l$b/BlX/Lh5WPiuAB8ZKSBAiAZLmpxDUlIJOGHzrmFrOyU+Ttk3WIqa9qm3IkjbAEeQiQlo4FpNTXTm+rusYo0+g==\n'

interface Entry {
  readonly name: string
  readonly [field: string]: unknown
}

/** A broker with topics and sessions of its own. */
function entry({ port }: Pick<Mosquitto, 'port'>, changes: Readonly<Record<string, unknown>> = {}): Entry {
  const name = uniqueName('plant')
  return {
    name,
    url: `mqtt://127.0.0.1:${port}`,
    filters: [`taxis/${name}/telemetry`, `taxis/${name}-/telemetry`],
    group: name,
    ...changes,
  }
}

async function bridged(entries: readonly Entry[]): Promise<Hub> {
  const hub = await startHub(backends, { MQTT_BRIDGE: JSON.stringify(entries) })
  onTestFinished(async () => {
    hub.kill('SIGTERM')
    await hub.exited
  })
  return hub
}

async function metric(hub: Hub, text: string): Promise<number> {
  const all = await (await fetch(`${hub.url}/metrics`)).text()
  return Number(
    all
      .split('\n')
      .find((line) => line.startsWith(text))
      ?.split(' ')[1] ?? Number.NaN,
  )
}

/** Waits until the replicas have this number of sessions open together. */
async function untilOpen(hubs: readonly Hub[], { name }: Entry, sessions: number): Promise<void> {
  const open = async (): Promise<number> => {
    const each = hubs.map((hub) => metric(hub, `weir_mqtt_bridge_sessions{broker="${name}",state="open"}`))
    return (await Promise.all(each)).reduce((sum, one) => sum + one, 0)
  }
  await expect.poll(open, { timeout: 30_000 }).toBe(sessions)
}

async function publisher({ port }: Mosquitto): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 0 })
  onTestFinished(() => client.endAsync(true))
  return client
}

/** Publishes a report with this id, and resolves when the broker has acknowledged it. */
const send = (client: MqttClient, { name }: Entry, id: string): Promise<unknown> =>
  client.publishAsync(`taxis/${name}/telemetry`, JSON.stringify(report({ deviceId: name })), {
    qos: 1,
    properties: { userProperties: { 'weir-id': id } },
  })

const idsOf = async ({ name }: Entry): Promise<string[]> =>
  (await storedFrom(kafka, backends.registryUrl, name)).map(({ headers }) => headers['weir-id'])
const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `id-${i}`)

test('two replicas share the messages of a broker: each is stored once', async () => {
  const plant = entry(broker)
  const hubs = [await bridged([plant]), await bridged([plant])]
  await untilOpen(hubs, plant, 12)
  for (const hub of hubs)
    await expect
      .poll(() => metric(hub, `weir_mqtt_bridge_sessions{broker="${plant.name}",state="open"}`), {
        timeout: 30_000,
      })
      .toBe(6)
  const client = await publisher(broker)
  await Promise.all(numbered(500).map((id) => send(client, plant, id)))
  await expect.poll(async () => (await idsOf(plant)).sort()).toEqual(numbered(500).sort())
  for (const hub of hubs)
    expect(await metric(hub, 'weir_stage_records_total{stage="ingest-hub.mqtt-bridge"}')).toBeGreaterThan(100)
  hubs[0].kill('SIGTERM')
  await hubs[0].exited
  await untilOpen([hubs[1]], plant, 12)
  await send(client, plant, 'last')
  await expect.poll(() => idsOf(plant)).toContain('last')
  expect(await idsOf(plant)).toHaveLength(501)
})

test('after kill -9 of the hub, everything that the broker has acknowledged is in Kafka', async () => {
  const plant = entry(broker)
  const first = await bridged([plant])
  await untilOpen([first], plant, 12)
  const client = await publisher(broker)
  const sent: string[] = []
  const publish = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const id = `kill-${sent.length}`
      sent.push(id)
      await send(client, plant, id)
    }
  }
  const publishing = publish(2000)
  await expect.poll(() => sent.length).toBeGreaterThan(500)
  first.kill('SIGKILL')
  await publishing
  await first.exited
  const second = await bridged([plant])
  await untilOpen([second], plant, 12)
  await publish(10)
  await expect.poll(async () => new Set(await idsOf(plant)).size, { timeout: 30_000 }).toBe(sent.length)
  expect((await idsOf(plant)).length - sent.length).toBeLessThan(1000)
})

test('without its broker the hub is ready and says what is missing; it connects when the broker is there', async () => {
  const own = await startMosquitto()
  onTestFinished(() => own.stop())
  const plant = entry(own, { sessions: 2 })
  await own.pause()
  const hub = await bridged([plant])
  expect((await fetch(`${hub.url}/readyz`)).status).toBe(200)
  const waiting = (): Promise<number> =>
    metric(hub, `weir_mqtt_bridge_sessions{broker="${plant.name}",state="waiting"}`)
  await expect.poll(waiting, { timeout: 30_000 }).toBe(2)
  const line = hub.logs().find(({ broker: name }) => name === plant.name)
  expect(line).toMatchObject({ level: 'warn', reason: 'ECONNREFUSED' })
  await own.restart()
  await untilOpen([hub], plant, 2)
  const client = await publisher(own)
  await send(client, plant, 'before')
  await expect.poll(() => idsOf(plant)).toEqual(['before'])
  await own.kill()
  await expect.poll(waiting, { timeout: 30_000 }).toBe(2)
  expect(
    await metric(hub, `weir_mqtt_bridge_lost_connections_total{broker="${plant.name}"}`),
  ).toBeGreaterThan(2)
  await own.restart()
  await untilOpen([hub], plant, 2)
  await send(await publisher(own), plant, 'after')
  await expect.poll(() => idsOf(plant)).toEqual(['before', 'after'])
})

test('a payload that does not fit is acknowledged and counted, and those after it are stored', async () => {
  const plant = entry(broker, { sessions: 1 })
  const hub = await bridged([plant])
  await untilOpen([hub], plant, 1)
  const client = await publisher(broker)
  await client.publishAsync(`taxis/${plant.name}/telemetry`, 'no json', { qos: 1 })
  await client.publishAsync(
    `taxis/${plant.name}/telemetry`,
    JSON.stringify(report({ deviceId: plant.name })),
    { qos: 0 },
  )
  for (const id of numbered(5)) await send(client, plant, id)
  await expect.poll(async () => (await idsOf(plant)).slice(1)).toEqual(numbered(5))
  expect(await metric(hub, 'weir_mqtt_refused_messages_total')).toBe(1)
})

test('TLS, a client certificate, and a user with a password that is rotated', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bridge-'))
  const { caFile, keyFile, client } = await makeCertificates(folder)
  const { cert, key } = await client('hub')
  const inFolder = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o644 })
    return join(folder, name)
  }
  const secure = await startMosquitto([
    `cafile ${caFile}`,
    `certfile ${keyFile}`,
    `keyfile ${keyFile}`,
    'require_certificate true',
    `password_file ${inFolder('passwords', PASSWORDS)}`,
  ])
  onTestFinished(async () => {
    await secure.stop()
    rmSync(folder, { recursive: true })
  })
  const plant = entry(secure, {
    url: `mqtts://127.0.0.1:${secure.port}`,
    sessions: 1,
    caFile,
    certFile: inFolder('client.crt', cert),
    keyFile: inFolder('client.key', key),
    username: 'hub',
    password: 'wrong',
  })
  const file = inFolder('brokers.json', JSON.stringify([plant]))
  const hub = await startHub(backends, { MQTT_BRIDGE_FILE: file })
  onTestFinished(async () => {
    hub.kill('SIGTERM')
    await hub.exited
  })
  const reasons = (): unknown[] => hub.logs().flatMap(({ reason }) => reason ?? [])
  await expect.poll(reasons, { timeout: 30_000 }).toContain('the broker refuses the connection (0x87)')
  inFolder('brokers.json', JSON.stringify([{ ...plant, password: 'secret' }]))
  await untilOpen([hub], plant, 1)
  expect(JSON.stringify(hub.logs())).not.toMatch(/wrong|"secret"/)
})

test('a broker without MQTT 5, and one that sends anything, are left with a reason', async () => {
  const answers: readonly [Buffer, RegExp][] = [
    [Buffer.from([0x20, 2, 0, 1]), /^the broker does not speak MQTT 5/],
    [Buffer.from([0x20, 5, 0, 0, 2, 0x2a, 0]), /^the broker has no shared subscriptions/],
    [Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), /^A packet may have at most/],
    [Buffer.from([0xd0, 0]), /^the broker sends PINGRESP before CONNACK/],
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /./],
  ]
  const sockets = new Set<Socket>()
  const listening = answers.map(async ([bytes]) => {
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('data', () => socket.write(bytes))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    return entry(server.address() as AddressInfo, { sessions: 1 })
  })
  const entries = await Promise.all(listening)
  const hub = await bridged(entries)
  const reasonOf = (name: string): string =>
    String(hub.logs().find((line) => line.broker === name)?.reason ?? '')
  for (const [i, { name }] of entries.entries())
    await expect.poll(() => reasonOf(name), { timeout: 30_000 }).toMatch(answers[i][1])
  expect((await fetch(`${hub.url}/readyz`)).status).toBe(200)
})
