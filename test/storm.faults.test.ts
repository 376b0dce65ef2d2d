/**
 * npm run test:faults, the last part: for ten minutes parts are killed at random, one every 3 to 9 s, while
 * replays run one after the other at 60x. Afterwards a client that is not Weir's counts the records of each
 * replay that a read_committed reader sees: every row once, in order. The index has the same.
 * WEIR_STORM_SECONDS makes the storm shorter or longer.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { SERVERS, SERVICES } from '@weir/contracts/services.ts'
import { pythonWith } from '@weir/stack/python.ts'
import { expect, onTestFinished, test } from 'vitest'
import { type Part, System } from './system.ts'
import { writeVehicles } from './vehicles.ts'

const STORM_MS = 1000 * Number(process.env.WEIR_STORM_SECONDS ?? 600)
const PARTS: readonly Part[] = [...SERVICES, ...SERVERS]
const [MIN_PAUSE_MS, MAX_PAUSE_MS] = [3000, 9000]
/** The time within which everything is indexed after the last replay. */
const CALM_MS = 300_000

interface Count {
  readonly source: string
  readonly records: number
  readonly ids: number
  readonly inversions: number
}

async function countedByLibrdkafka(brokers: string, topic: string): Promise<Count[]> {
  const python = await pythonWith('confluent-kafka', join(import.meta.dirname, 'storm/requirements.txt'))
  const { stdout } = await promisify(execFile)(
    python,
    [join(import.meta.dirname, 'storm/count.py'), brokers, topic],
    { maxBuffer: 1 << 26 },
  )
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Count)
}

/**
 * Kills a running part, again and again, until the storm is over. Resolves with the number of kills per part.
 */
async function storm(system: System, over: () => boolean): Promise<Map<Part, number>> {
  const kills = new Map<Part, number>()
  while (!over()) {
    await pause(MIN_PAUSE_MS + Math.random() * (MAX_PAUSE_MS - MIN_PAUSE_MS))
    const part = PARTS[Math.floor(Math.random() * PARTS.length)]
    const { processes } = await system.state()
    if (!processes.some(({ name }) => name === part)) continue
    await system.kill(part)
    kills.set(part, (kills.get(part) ?? 0) + 1)
  }
  return kills
}

test(
  'every replay during a storm of kills is complete, once and in order, in the topic and in the index',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-storm-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const file = process.env.WEIR_VEHICLES ?? join(folder, 'vehicles.csv.gz')
    const rows = process.env.WEIR_VEHICLES === undefined ? await writeVehicles(file, 30, 780) : undefined
    const system = await System.start({ KAFKA_DRIVER: process.env.KAFKA_DRIVER ?? 'platformatic' })
    onTestFinished(() => system.stop())

    const end = Date.now() + STORM_MS
    const killing = storm(system, () => Date.now() >= end)
    const stored = new Map<string, number>()
    for (let run = 0; Date.now() < end; run++) {
      const { code, output } = await system.weir(
        'replay',
        file,
        '--run',
        `storm-${run}`,
        '--speed',
        '60x',
        '--json',
      )
      expect(code, output).toBe(0)
      stored.set(`replay-storm-${run}`, Number(JSON.parse(output.trim().split('\n').at(-1)!).stored))
    }
    const kills = await killing
    const indexed: Record<string, number> = {}
    for (const [source, count] of stored) indexed[source] = await system.indexed(source, count, CALM_MS)
    // The input, the output and the documents in the engine: together they show where missing records stayed.
    const brokers = `127.0.0.1:${system.env.KAFKA_PORT}`
    const [came, counts] = await Promise.all([
      countedByLibrdkafka(brokers, 'taxi.telemetry'),
      countedByLibrdkafka(brokers, 'taxi.enriched'),
    ])
    console.log(
      JSON.stringify({ kills: Object.fromEntries(kills), replays: stored.size, indexed, came, counts }),
    )
    for (const [source, count] of stored) expect(count, source).toBe(rows ?? [...stored.values()][0])
    expect(counts.map(({ source }) => source).sort()).toEqual([...stored.keys()].sort())
    for (const { source, records, ids, inversions } of counts)
      expect({ source, records, ids, inversions }).toEqual({
        source,
        records: stored.get(source),
        ids: stored.get(source),
        inversions: 0,
      })
    expect(indexed).toEqual(Object.fromEntries(stored))
  },
  STORM_MS + 2 * CALM_MS + 600_000,
)
