/**
 * npm run test:faults: in the middle of a replay, three brokers with rights and logins as on MSK are
 * restarted one after the other, as MSK does when it patches them, and one is killed for a quarter of a
 * minute. Nothing may be lost, duplicated in the index, or refused for good.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { Guarded } from './guarded.ts'
import { writeVehicles } from './vehicles.ts'

const BETWEEN_MS = 5_000
const AWAY_MS = 15_000

test.for(['platformatic', 'kafkajs'])(
  'a rolling restart and the loss of a broker lose and duplicate nothing, with %s',
  async (driver) => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-three-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const system = await Guarded.start({ KAFKA_DRIVER: driver })
    onTestFinished(() => system.stop())
    const file = join(folder, 'vehicles.csv.gz')
    const rows = await writeVehicles(file, 30, 780)
    const { nodes } = system.brokers
    let done = false
    const run = `rolling-${driver}`
    const replay = system.weir('apply', 'replay', file, '--run', run, '--speed', '4x').finally(() => {
      done = true
    })
    for (const i of [0, 1, 2]) {
      await pause(BETWEEN_MS)
      await nodes.restart(i)
    }
    await pause(BETWEEN_MS)
    await nodes.kill(1)
    await pause(AWAY_MS)
    expect(done, 'the replay ended before the broker came back').toBe(false)
    await nodes.restart(1)
    const { code, output } = await replay
    expect(code, output).toBe(0)
    const from = Date.now()
    expect(await system.indexed(`replay-${run}`, rows)).toBe(rows)
    expect(await system.refusals()).toEqual([])
    console.log(JSON.stringify({ driver, rows, settledAfterMs: Date.now() - from }))
  },
)
