/**
 * npm run test:faults: kill -9 of every part, five times each, in the middle of a replay. Nothing may be
 * lost, duplicated in the index or out of order. KAFKA_DRIVER selects the client. With WEIR_VEHICLES=FILE,
 * the positions of that file are replayed, otherwise generated ones.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SERVICES } from '@weir/contracts/services.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inversions, type Part, repeated, System } from './system.ts'
import { writeVehicles } from './vehicles.ts'

const KILLS = 5
const EVERY_MS = 7000
const parts: readonly Part[] = [...SERVICES, 'kafka', 'redis', 'search']

let folder: string
let file: string
let rows: number
let system: System

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-faults-'))
  file = process.env.WEIR_VEHICLES ?? join(folder, 'vehicles.csv.gz')
  system = await System.start({ KAFKA_DRIVER: process.env.KAFKA_DRIVER ?? 'platformatic' })
  if (process.env.WEIR_VEHICLES === undefined) rows = await writeVehicles(file, 30, 780)
  else {
    const { code, output } = await system.weir('replay', file, '--run', 'undisturbed', '--json')
    expect(code, output).toBe(0)
    rows = Number(JSON.parse(output.trim().split('\n').at(-1)!).stored)
    expect(await system.indexed('replay-undisturbed', rows)).toBe(rows)
  }
})

afterAll(async () => {
  await system?.stop()
  await rm(folder, { recursive: true, force: true })
})

test.for(parts)(
  'killing %s five times during a replay loses, duplicates and reorders nothing',
  async (part) => {
    let done = false
    const run = `kill-${part}`
    const replay = system.weir('replay', file, '--run', run, '--speed', '15x').finally(() => {
      done = true
    })
    const kills = await system.killAgainAndAgain(part, KILLS, EVERY_MS, () => !done)
    const { code, output } = await replay
    expect(code, output).toBe(0)
    const from = Date.now()
    expect(await system.indexed(`replay-${run}`, rows, 180_000)).toBe(rows)
    const enriched = await system.enriched(`replay-${run}`)
    expect(enriched.length, 'records in taxi.enriched').toBe(rows)
    expect(repeated(enriched)).toBe(0)
    expect(inversions(enriched)).toBe(0)
    expect(kills).toBe(KILLS)
    console.log(JSON.stringify({ part, kills, rows, settledAfterMs: Date.now() - from }))
  },
)
