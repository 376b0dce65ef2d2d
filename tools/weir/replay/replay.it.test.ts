/** The command against a real hub and broker; the hub is killed while records are in flight. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { readConfig } from '@weir/config'
import { ANY_FURTHER_PORTS } from '@weir/contracts/services.ts'
import { headerOf, type Kafka, kafkaConfig, keyOf, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { freePorts } from '@weir/stack/ports.ts'
import { servers } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'weir-replay-'))
const main = (name: string): string => new URL(`../../../${name}`, import.meta.url).pathname
let env: NodeJS.ProcessEnv
let hub: ChildProcess
let kafka: Kafka
let stop = async (): Promise<void> => {}

beforeAll(async () => {
  const [{ brokers }, { url }, [port]] = await Promise.all([
    servers.kafka(),
    servers.registry(),
    freePorts(1),
  ])
  env = {
    ...process.env,
    KAFKA_BROKERS: brokers.join(','),
    REGISTRY_URL: url,
    ...ANY_FURTHER_PORTS,
    HTTP_HOST: '127.0.0.1',
    HTTP_PORT: String(port),
    ALLOW_ANONYMOUS: 'true',
    HUB_URL: `http://127.0.0.1:${port}`,
    WEIR_DATA: folder,
  }
  const opened = await openKafka(readConfig(env, kafkaConfig))
  kafka = opened.value
  stop = opened.stop
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(url, topics)
  await startHub()
})

afterAll(async () => {
  hub?.kill('SIGKILL')
  await stop()
})

async function startHub(): Promise<void> {
  hub = spawn(process.execPath, [main('services/ingest-hub/main.ts')], { env, stdio: 'ignore' })
  const ready = async (): Promise<boolean> =>
    (await fetch(`${env.HUB_URL}/readyz`).catch(() => undefined))?.ok === true
  while (!(await ready())) {
    if (hub.exitCode !== null) throw new Error(`The hub ended with ${hub.exitCode}.`)
    await sleep(200)
  }
}

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function weir(command: string, args: readonly string[], input = ''): Promise<Ended> {
  const script = `const { ${command} } = await import(${JSON.stringify(new URL(`../commands/${command}.ts`, import.meta.url).href)})
    process.exitCode = await ${command}.run(process.argv.slice(1))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, '--', ...args], { env })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { code, out, err }
}

/** The number of records ever stored in the topic, by any client. */
const end = async (): Promise<number> =>
  (await kafka.admin.offsets('taxi.telemetry')).reduce((sum, { latest }) => sum + latest, 0)

/**
 * Lines by vehicle, in the order stored. Each is counted once, although a lost reply may have stored it
 * twice.
 */
async function storedLines(source: string): Promise<Map<string, number[]>> {
  const lines = new Map<string, Set<number>>()
  await (
    await kafka.read({ topics: ['taxi.telemetry'], from: 'earliest', until: 'end' }, (batch) => {
      for (let i = 0; i < batch.length; i++) {
        if (headerOf(batch, i, 'weir-source')?.toString() !== source) continue
        const key = keyOf(batch, i)!.toString()
        if (!lines.has(key)) lines.set(key, new Set())
        const id = headerOf(batch, i, 'weir-id')!.toString()
        lines.get(key)!.add(Number(id.slice(id.lastIndexOf('-') + 1)))
      }
    })
  ).done
  return new Map([...lines].map(([key, numbers]) => [key, [...numbers]]))
}

const ROWS = 30_000
const VEHICLES = 37

function vehicles(): string {
  const path = join(folder, 'vehicles.csv')
  writeFileSync(
    path,
    `track_id,lat,lon,speed,time\n${Array.from({ length: ROWS }, (_, i) => `v${i % VEHICLES},37.9,23.7,${i % 90},${i / 100}`).join('\n')}\n`,
  )
  return path
}

test('a hub that is killed and comes back loses nothing, and the order of every vehicle holds', async () => {
  const name = `kill-${process.pid}-${Date.now()}`
  const before = await end()
  const running = weir('replay', [vehicles(), '--run', name, '--json'])
  while ((await end()) < before + ROWS / 10) await sleep(20)
  hub.kill('SIGKILL')
  await once(hub, 'exit')
  await sleep(1_000)
  await startHub()
  const { code, out } = await running
  expect(JSON.parse(out)).toMatchObject({ run: name, stored: ROWS, refused: 0, open: 0, complete: true })
  expect(code).toBe(0)
  const lines = await storedLines(`replay-${name}`)
  expect([...lines.values()].flat().length).toBe(ROWS)
  for (const numbers of lines.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
})

test('send stores what is piped in and says which records are refused', async () => {
  const value = { deviceId: 'me', position: { lat: 40.75, lon: -73.98 }, speed: 12, eventTime: Date.now() }
  const source = `send-${process.pid}-${Date.now()}`
  const { code, out, err } = await weir(
    'send',
    ['taxi.telemetry', '--source', source],
    [value, { ...value, speed: 'fast' }, value].map((record) => JSON.stringify(record)).join('\n'),
  )
  expect({ code, out }).toEqual({ code: 1, out: 'Stored 2, refused 1.\n' })
  expect(err).toMatch(/^2: speed: .*\(invalid-value\)\n$/)
  const tail = await weir('tail', [
    'taxi.telemetry',
    '--from',
    'earliest',
    '--filter',
    `source=${source}`,
    '--count',
    '2',
    '--json',
  ])
  expect(tail.code).toBe(0)
  expect(
    tail.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).value),
  ).toMatchObject([value, value])
})

test('a topic without a door is said in one sentence', async () => {
  const refused = await weir('send', ['taxi.enriched'], '{}')
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringContaining('taxi.enriched is not a topic with an HTTP door'),
  })
})
