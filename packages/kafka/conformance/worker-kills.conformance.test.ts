import { setTimeout as sleep } from 'node:timers/promises'
import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, describe, expect } from 'vitest'
import { startLoad } from './load.ts'
import { readBack } from './read-back.ts'
import { caughtUp, createTopic } from './records.ts'
import { LONGER, open, testTogether } from './suite.ts'
import { EXACT, tally } from './tally.ts'
import { startWorker } from './workers.ts'

const KILLS = 4 * LONGER
/**
 * Milliseconds. A dead member is missed after ten seconds, so that the group hardly gets to work between the
 * kills of a quick run.
 */
const BETWEEN_KILLS = LONGER === 1 ? 3_000 : 15_000
const PATIENCE = 120_000

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

describe('while workers are killed again and again', () => {
  testTogether('a transformation writes its whole input, once and in order', async (variant, after) => {
    const kafka = await open(variant, brokers, {}, after)
    const input = await createTopic(kafka, uniqueName('kills'), 6)
    const output = await createTopic(kafka, `${input}-out`, 4)
    const start = () => {
      const worker = startWorker({ variant, brokers, groupId: input, input, output, hold: false })
      after(() => worker.kill())
      return worker
    }
    const workers = [start(), start()]
    const load = await startLoad(kafka, input, 24, 400)
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(BETWEEN_KILLS)
      await workers[kill % 2].kill()
      workers[kill % 2] = start()
    }
    await load.stop()
    await caughtUp(kafka, input, PATIENCE)
    await Promise.all(workers.map((worker) => worker.stop()))

    expect(load.failures).toEqual([])
    const written = await readBack(brokers, output)
    expect(written.length).toBe(load.stored.length)
    expect(tally(load.stored, written)).toEqual(EXACT)
  })
})
