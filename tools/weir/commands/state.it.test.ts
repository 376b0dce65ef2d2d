/** `weir state` against a real alerter, which is killed and started again. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AlerterWorld, openAlerterWorld } from '@weir/alerter/testing/alerter.ts'
import { sampleOf, type TopicName } from '@weir/contracts'
import { appendRecord, encodeValue, partitionOfKey, writeRecords } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { cargoClasses } from '@weir/solutions/fleet-anomalies/cargo-classes.ts'
import type { TruckReading } from '@weir/solutions/fleet-anomalies/generated/types.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { captureOutput } from '../testing/capture-output.ts'
import { state } from './state.ts'

const STATE = 'fleet.detectors'
const KEPT = ['truck-1', 'truck-2', 'truck 3/ä?&', '..']
const GONE = 'truck-gone'
/** Longer than the interval of checkpoints, after which the disk has the states. */
const CHECKPOINT_MS = 40_000

const folder = mkdtempSync(join(tmpdir(), 'weir-state-command-'))
const keysFile = join(folder, 'keys.json')
let world: AlerterWorld
const printed = captureOutput()

beforeAll(async () => {
  const key = (name: string, topics: string[], reads: string[]) => ({
    name,
    sha256: createHash('sha256').update(`key-of-${name}`).digest('hex'),
    topics,
    reads,
  })
  writeFileSync(
    keysFile,
    JSON.stringify([
      key('operator', [STATE], [STATE]),
      key('watcher', [], [STATE]),
      key('stranger', ['fleet.readings'], ['fleet.readings']),
    ]),
  )
  world = await openAlerterWorld()
  const entries = Object.entries(cargoClasses).map(([id, entry]) => ({
    key: `cargo-classes/${id}`,
    value: { table: 'cargo-classes', id, json: JSON.stringify(entry) },
  }))
  await write('weir.control.reference', entries)
})
afterAll(async () => {
  await world?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function write(topic: TopicName, records: readonly { key: string; value: unknown }[]): Promise<void> {
  const { kafka, codec } = world
  const [writer, partitions, producer] = await Promise.all([
    codec.writer(topic),
    kafka.partitions(topic),
    kafka.producer(),
  ])
  await writeRecords(producer, (out) => {
    for (const { key, value } of records) {
      const place = { topic, partition: partitionOfKey(key, partitions), key }
      appendRecord(out, { ...place, value: encodeValue(writer, value as never) })
    }
  })
  await producer.stop()
}

/** Sends readings of each truck, one a second. */
function send(trucks: readonly string[], from: number, temperatures: readonly number[]): Promise<void> {
  const sample = sampleOf(topics, 'fleet.readings') as TruckReading
  const records = trucks.flatMap((truckId) =>
    temperatures.map((containerTemperature, i) => ({
      key: truckId,
      value: { ...sample, truckId, containerTemperature, eventTime: from + i * 1000 },
    })),
  )
  return write('fleet.readings', records)
}

async function start() {
  const service = await world.start({
    ALLOW_ANONYMOUS: 'false',
    API_KEYS_FILE: keysFile,
    STATE_DIR: join(folder, 'state'),
  })
  vi.stubEnv('ALERTER_URL', service.url)
  return service
}

async function run(name: string, ...args: readonly string[]): Promise<number> {
  vi.stubEnv('WEIR_API_KEY', `key-of-${name}`)
  printed.out = printed.said = ''
  return state.run(args)
}
async function keys(): Promise<string[]> {
  expect(await run('watcher', 'list', STATE, '--json'), printed.said).toBe(0)
  return printed.out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).key)
}
async function get(key: string) {
  expect(await run('watcher', 'get', STATE, key), printed.said).toBe(0)
  return JSON.parse(printed.out)
}
/** The state as the service shows it, without the command. */
async function stored(key: string): Promise<unknown> {
  const query = new URLSearchParams({ key })
  const response = await fetch(`${process.env.ALERTER_URL}/v1/states/${STATE}?${query}`, {
    headers: { authorization: 'Bearer key-of-watcher' },
  })
  expect(response.status).toBe(200)
  return response.json()
}

test('an erased truck is gone from memory, disk and changelog over a kill, and the others are as they were', async () => {
  const service = await start()
  const from = Date.now() - 60_000
  await send([...KEPT, GONE], from, [20, 21, 22])
  await expect.poll(keys, { timeout: 20_000 }).toEqual([...KEPT, GONE].sort())
  const gone = await get(GONE)
  expect(gone).toMatchObject({ key: GONE, value: { classOf: sampleOf(topics, 'fleet.readings').cargoClass } })
  expect(gone.value.series.map(({ sensor }: { sensor: string }) => sensor)).toContain('container')
  expect(Math.abs(Date.now() - Date.parse(gone.changedAt))).toBeLessThan(60_000)
  await new Promise((resolve) => setTimeout(resolve, CHECKPOINT_MS))
  const before = await Promise.all(KEPT.map(stored))

  expect(await run('watcher', 'erase', STATE, GONE)).toBe(1)
  expect(printed.said).toContain('The API key watcher may not write to fleet.detectors.')
  const asked = performance.now()
  expect(await run('operator', 'erase', STATE, GONE), printed.said).toBe(0)
  expect(performance.now() - asked).toBeLessThan(5000)
  expect(printed.out).toBe(`The state of ${GONE} in ${STATE} is erased.\n`)
  service.kill('SIGKILL')
  await service.exited

  await start()
  expect(await run('watcher', 'get', STATE, GONE)).toBe(1)
  expect(printed.said).toContain(`The key does not have a state in ${STATE}.`)
  expect(await run('operator', 'erase', STATE, GONE)).toBe(1)
  expect(await Promise.all(KEPT.map(stored))).toEqual(before)
  await send([GONE, 'truck-new'], from, [30])
  await expect.poll(keys, { timeout: 20_000 }).toEqual([...KEPT, GONE, 'truck-new'].sort())
  expect((await get(GONE)).value.series).toEqual((await get('truck-new')).value.series)
}, 240_000)

test('states are shown and erased by those who may, and garbage is refused with a sentence', async () => {
  expect(await run('stranger', 'list', STATE)).toBe(1)
  expect(printed.said).toContain('The API key stranger may not read fleet.detectors.')
  expect(await run('nobody', 'get', STATE, KEPT[0])).toBe(1)
  expect(printed.said).toContain('401')
  const ask = async (path: string, method = 'GET'): Promise<[number, string]> => {
    const headers = { authorization: 'Bearer key-of-operator' }
    const response = await fetch(`${process.env.ALERTER_URL}/v1/states${path}`, { method, headers })
    return [response.status, await response.text()]
  }
  expect(await ask('')).toEqual([200, `{"states":["${STATE}"]}`])
  expect(await ask('/fleet.readings?key=a')).toEqual([
    404,
    expect.stringContaining('there are fleet.detectors'),
  ])
  expect(await ask(`/${STATE}`, 'DELETE')).toEqual([400, expect.stringContaining('key')])
  expect(await ask(`/${STATE}?key=`, 'DELETE')).toEqual([400, expect.stringContaining('fewer than 1')])
  const long = encodeURIComponent('ä'.repeat(600))
  expect(await ask(`/${STATE}?key=${long}`)).toEqual([400, expect.stringContaining('The key has 1200 bytes')])
  expect(await ask(`/${STATE}?key=%ff%00`)).toEqual([404, expect.stringContaining('does not have a state')])
  expect(await ask(`/${STATE}/keys?limit=1&prefix=truck-`)).toEqual([
    200,
    expect.stringContaining('"more":true'),
  ])
  expect(await ask(`/${STATE}/keys?limit=0`)).toEqual([400, expect.stringContaining('limit')])
})
