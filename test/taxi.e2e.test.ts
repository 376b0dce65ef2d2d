/**
 * Taxi telemetry end to end: the stack as `weir up` runs it, with real servers and processes, and positions
 * replayed from a file.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { SERVICES } from '@weir/contracts/services.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inversions, type Part, repeated, System } from './system.ts'
import { writeVehicles } from './vehicles.ts'

let folder: string
let file: string
let rows: number
let system: System

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-e2e-'))
  file = join(folder, 'vehicles.csv.gz')
  rows = await writeVehicles(file, 40, 200)
  system = await System.start()
})

afterAll(async () => {
  await system?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function replayWhole(run: string): Promise<void> {
  const { code, output } = await system.weir('replay', file, '--run', run)
  expect(code, output).toBe(0)
  expect(await system.indexed(`replay-${run}`, rows)).toBe(rows)
}

describe('taxi telemetry', () => {
  test('stores, enriches and indexes every position exactly once, in order per vehicle', async () => {
    await replayWhole('first')
    const enriched = await system.enriched('replay-first')
    expect(enriched.length).toBe(rows)
    expect(repeated(enriched)).toBe(0)
    expect(inversions(enriched)).toBe(0)
  })

  test('adds as many again in a second run, and keeps the first', async () => {
    await replayWhole('second')
    expect(await system.indexed('replay-first', rows)).toBe(rows)
  })

  test('changes nothing when a run is repeated under its name', async () => {
    await replayWhole('first')
  })

  test('loses and duplicates nothing while each part is killed once', async () => {
    const parts: readonly Part[] = [...SERVICES, 'kafka', 'redis', 'search']
    const replay = system.weir('replay', file, '--run', 'killed', '--speed', '6x')
    for (const part of parts) {
      await pause(4000)
      await system.kill(part)
    }
    const { code, output } = await replay
    expect(code, output).toBe(0)
    expect(await system.indexed('replay-killed', rows)).toBe(rows)
    const enriched = await system.enriched('replay-killed')
    expect(enriched.length).toBe(rows)
    expect(repeated(enriched)).toBe(0)
    expect(inversions(enriched)).toBe(0)
    for (const part of parts) expect(system.output).toContain(`${part} ended (SIGKILL)`)
  }, 300_000)

  test('keeps its data when it is stopped, and continues with the other client', async () => {
    expect(await system.down()).toBe(0)
    await system.up({ KAFKA_DRIVER: 'kafkajs' })
    expect(await system.indexed('replay-second', rows)).toBe(rows)
    await replayWhole('kafkajs')
    const enriched = await system.enriched('replay-kafkajs')
    expect(enriched.length).toBe(rows)
    expect(inversions(enriched)).toBe(0)
  })

  test('refuses wrong records with a reason, and accepts their neighbours', async () => {
    const good = { deviceId: 'neighbour', position: { lat: 1, lon: 2 }, speed: 3, eventTime: Date.now() }
    const answer = await fetch(`http://127.0.0.1:${system.env.HUB_PORT}/v1/topics/taxi.telemetry/records`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'weir-source': 'neighbours' },
      body: JSON.stringify({
        records: [
          { value: good },
          { value: { ...good, speed: 'fast' } },
          { value: { ...good, colour: 'yellow' } },
          { value: good },
        ],
      }),
    })
    expect(answer.status).toBe(207)
    const body = (await answer.json()) as { stored: number; errors: { index: number; field: string }[] }
    expect(body.stored).toBe(2)
    expect(body.errors.map(({ index, field }) => `${index} ${field}`)).toEqual(['1 speed', '2 colour'])
    expect(await system.indexed('neighbours', 2)).toBe(2)
  })

  test('stops in order and leaves no process running', async () => {
    const { processes } = await system.state()
    expect(await system.down()).toBe(0)
    for (const { pid } of processes) expect(() => process.kill(pid, 0), `process ${pid}`).toThrow()
  })
})
