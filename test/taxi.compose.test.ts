/**
 * npm run test:compose: the same system from images, with the compose.yaml that users run. Needs a Docker
 * engine with Compose.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { SERVICES } from '@weir/contracts/services.ts'
import { PORTS } from '@weir/stack/config.ts'
import { freePorts } from '@weir/stack/ports.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeVehicles } from './vehicles.ts'

const run = promisify(execFile)
let folder: string
let env: NodeJS.ProcessEnv

const compose = (...args: string[]) =>
  run('docker', ['compose', '--project-name', 'weir-test', ...args], { env, maxBuffer: 1 << 26 })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-compose-'))
  const variables = Object.values(PORTS).map(([variable]) => variable)
  const ports = await freePorts(variables.length)
  env = {
    ...process.env,
    ...Object.fromEntries(variables.map((variable, i) => [variable, String(ports[i])])),
  }
  const up = spawn(
    'docker',
    ['compose', '--project-name', 'weir-test', 'up', '--build', '--detach', '--wait'],
    { env, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  const [code] = await once(up, 'exit')
  if (code !== 0)
    throw new Error(
      `docker compose up ended with ${code}:\n${(await compose('ps', '--all')).stdout}\n${(await compose('logs', '--tail', '15')).stdout}`,
    )
})

afterAll(async () => {
  await compose('down', '--volumes', '--timeout', '15')
  await rm(folder, { recursive: true, force: true })
})

const get = (port: string, path: string) => fetch(`http://127.0.0.1:${env[port]}${path}`)

async function indexed(source: string, expected: number): Promise<number> {
  let count = -1
  for (const deadline = Date.now() + 120_000; count < expected && Date.now() < deadline; await pause(1000)) {
    const answer = await fetch(`http://127.0.0.1:${env.SEARCH_PORT}/taxi-enriched-*/_count`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: { term: { source } } }),
    }).catch(() => undefined)
    if (answer?.ok) ({ count } = (await answer.json()) as { count: number })
  }
  return count
}

async function replay(file: string, name: string): Promise<void> {
  const child = spawn(process.execPath, ['tools/weir/main.ts', 'replay', file, '--run', name], {
    env: { ...env, HUB_URL: `http://127.0.0.1:${env.HUB_PORT}` },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  expect((await once(child, 'exit'))[0]).toBe(0)
}

describe('the system that docker compose starts', () => {
  test('indexes every position of a replay exactly once, even while a service is killed', async () => {
    const file = join(folder, 'vehicles.csv.gz')
    const rows = await writeVehicles(file, 30, 100)
    await replay(file, 'compose')
    expect(await indexed('replay-compose', rows)).toBe(rows)
    const second = replay(file, 'compose-killed')
    await compose('kill', '--signal', 'SIGKILL', 'enricher')
    await compose('up', '--detach', '--no-recreate', 'enricher')
    await second
    expect(await indexed('replay-compose-killed', rows)).toBe(rows)
    await pause(1500)
    expect(await indexed('replay-compose-killed', rows)).toBe(rows)
  })

  test('shows simulated taxis on the page', async () => {
    for (const deadline = Date.now() + 60_000; ; await pause(1000)) {
      const answer = await get('INDEXER_PORT', '/taxi-telemetry/snapshot')
      const text = await answer.text()
      if (answer.ok && text.includes('taxi-00')) break
      if (Date.now() > deadline)
        throw new Error(`The page shows no simulated taxi: ${answer.status} ${text.slice(0, 500)}`)
    }
    expect((await get('INDEXER_PORT', '/taxi-telemetry/')).status).toBe(200)
  })

  test('runs its services without rights that they do not need', async () => {
    for (const service of SERVICES) {
      const { stdout: id } = await compose('ps', '--quiet', service)
      const { stdout } = await run('docker', ['inspect', id.trim()])
      const [{ Config, HostConfig }] = JSON.parse(stdout)
      expect({
        user: Config.User,
        readOnly: HostConfig.ReadonlyRootfs,
        dropped: HostConfig.CapDrop,
        bounded: HostConfig.Memory > 0,
      }).toEqual({ user: '1000:1000', readOnly: true, dropped: ['ALL'], bounded: true })
    }
  })

  test('drains and stops a service within its ten seconds', async () => {
    const from = Date.now()
    await compose('stop', 'indexer')
    expect(Date.now() - from).toBeLessThan(14_000)
    const { stdout } = await compose('ps', '--all', '--format', 'json', 'indexer')
    expect(JSON.parse(stdout.trim().split('\n')[0]).ExitCode).toBe(0)
  })
})
