import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { servers } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Hub, prepare, startHub } from '../../testing/hub.ts'
import { connect, mqttPorts } from './testing/clients.ts'

const DEVICES = 10_000
const MAX_RESIDENT_BYTES = 1e9

let hub: Hub
let fleet: ChildProcess
let stop: () => Promise<void>

beforeAll(async () => {
  const [{ brokers }, { url: registryUrl }] = await Promise.all([servers.kafka(), servers.registry()])
  ;({ stop } = await prepare({ brokers, registryUrl }))
  hub = await startHub({ brokers, registryUrl })
})

afterAll(async () => {
  fleet?.kill('SIGKILL')
  hub?.kill('SIGTERM')
  await hub?.exited
  await stop?.()
})

const residentBytes = (): number =>
  1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${hub.pid}/status`, 'utf8'))![1])

async function connected(): Promise<number> {
  const metrics = await (await fetch(`${hub.url}/metrics`)).text()
  return Number(/^weir_mqtt_connections\{state="known"\} (\d+)$/m.exec(metrics)?.[1])
}

test(`${DEVICES} idle devices are connected to one process with less than a gigabyte`, async () => {
  const before = residentBytes()
  fleet = spawn(process.execPath, [fileURLToPath(new URL('testing/fleet.ts', import.meta.url))], {
    env: {
      ...process.env,
      FLEET_PORT: String(mqttPorts(hub).port),
      FLEET_DEVICES: String(DEVICES),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  tieProcess(fleet.pid!)
  let said = ''
  fleet.stdout!.on('data', (data) => (said += data))
  await expect.poll(() => said, { timeout: 200_000, interval: 200 }).toMatch(/^ready/m)
  await expect.poll(connected).toBe(DEVICES)
  const sender = await connect(hub)
  const reached = 1000
  await Promise.all(
    Array.from({ length: reached }, (_, i) =>
      sender.publishAsync(`idle/${i * (DEVICES / reached)}/commands`, 'wake up', { qos: 1 }),
    ),
  )
  await expect.poll(() => said, { timeout: 30_000 }).toContain(`got ${reached}\n`)
  // Longer than one and a half times their keep alive.
  await sleep(35_000)
  expect(await connected()).toBe(DEVICES + 1)
  expect(said).not.toContain('lost')
  const resident = residentBytes()
  const seconds = Number(/^ready (\S+)/m.exec(said)![1])
  console.info(
    `${DEVICES} devices connected in ${seconds.toFixed(1)} s; resident: ${mb(before)} MB before, ${mb(resident)} MB with them`,
  )
  expect(resident).toBeLessThan(MAX_RESIDENT_BYTES)
  await sender.endAsync()
}, 300_000)

const mb = (bytes: number): number => Math.round(bytes / 1e6)
