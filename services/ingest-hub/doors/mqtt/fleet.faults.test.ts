import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { servers } from '@weir/testkit'
import { type Certificates, makeCertificates } from '@weir/testkit/certificates.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Backends, type Hub, prepare, startHub } from '../../testing/hub.ts'
import { connect, mqttPorts } from './testing/clients.ts'

const DEVICES = 10_000
const MAX_RESIDENT_BYTES = 1e9

const folder = mkdtempSync(join(tmpdir(), 'weir-devices-'))
let backends: Backends
let certificates: Certificates
let stop: () => Promise<void>

beforeAll(async () => {
  const [{ brokers }, { url: registryUrl }] = await Promise.all([servers.kafka(), servers.registry()])
  backends = { brokers, registryUrl }
  ;({ stop } = await prepare(backends))
  certificates = await makeCertificates(folder)
})

afterAll(async () => {
  await stop?.()
  rmSync(folder, { recursive: true, force: true })
})

const residentBytes = ({ pid }: Hub): number =>
  1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1])

async function connected({ url }: Hub): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(/^weir_mqtt_connections\{state="known"\} (\d+)$/m.exec(metrics)?.[1])
}

/** Starts the devices as a process of their own. Returns its lines so far. */
function startFleet(port: number, caFile: string | undefined): () => string {
  const fleet = spawn(process.execPath, [fileURLToPath(new URL('testing/fleet.ts', import.meta.url))], {
    env: {
      ...process.env,
      FLEET_PORT: String(port),
      FLEET_DEVICES: String(DEVICES),
      ...(caFile !== undefined && { FLEET_CA_FILE: caFile }),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  tieProcess(fleet.pid!)
  onTestFinished(() => void fleet.kill('SIGKILL'))
  let said = ''
  fleet.stdout.on('data', (data) => (said += data))
  return () => said
}

test.each(['MQTT', 'MQTT with TLS'])(
  `${DEVICES} idle devices are connected by %s to one process with less than a gigabyte`,
  async (protocol) => {
    const isTls = protocol === 'MQTT with TLS'
    const { caFile, keyFile } = certificates
    const hub = await startHub(backends, {
      // A connection over TLS counts as three, and one key may have three quarters of all.
      MQTT_CONNECTIONS: isTls ? String(4.2 * DEVICES) : '14000',
      ...(isTls && { TLS_CERT_FILE: keyFile, TLS_KEY_FILE: keyFile }),
    })
    onTestFinished(() => void hub.kill('SIGKILL'))
    const before = residentBytes(hub)
    const { port, tlsPort } = mqttPorts(hub)
    const said = startFleet(isTls ? tlsPort : port, isTls ? caFile : undefined)
    await expect.poll(said, { timeout: 200_000, interval: 200 }).toMatch(/^ready/m)
    await expect.poll(() => connected(hub)).toBe(DEVICES)
    const sender = await connect(hub)
    const reached = 1000
    await Promise.all(
      Array.from({ length: reached }, (_, i) =>
        sender.publishAsync(`idle/${i * (DEVICES / reached)}/commands`, 'wake up', { qos: 1 }),
      ),
    )
    await expect.poll(said, { timeout: 30_000 }).toContain(`got ${reached}\n`)
    // Longer than one and a half times their keep alive.
    await sleep(35_000)
    expect(await connected(hub)).toBe(DEVICES + 1)
    expect(said()).not.toContain('lost')
    const resident = residentBytes(hub)
    const seconds = Number(/^ready (\S+)/m.exec(said())![1])
    console.info(
      `${DEVICES} devices connected by ${protocol} in ${seconds.toFixed(1)} s; resident: ${mb(before)} MB before, ${mb(resident)} MB with them`,
    )
    expect(resident).toBeLessThan(MAX_RESIDENT_BYTES)
    await sender.endAsync()
  },
  300_000,
)

const mb = (bytes: number): number => Math.round(bytes / 1e6)
