import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, describe, expect } from 'vitest'
import { readBack } from './read-back.ts'
import { caughtUp, createTopic, produceNumbered } from './records.ts'
import { open, testTogether } from './suite.ts'
import { EXACT, tally } from './tally.ts'
import { startWorker } from './workers.ts'

const KEYS = 8
const PER_KEY = 100

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

describe('a zombie', () => {
  testTogether(
    'cannot commit the batch in which it froze, after another member took over',
    async (variant, after) => {
      const kafka = await open(variant, brokers, {}, after)
      const input = await createTopic(kafka, uniqueName('zombie'), 2)
      const output = await createTopic(kafka, `${input}-out`, 2)
      await produceNumbered(kafka, input, KEYS, PER_KEY)

      const options = { variant, brokers, groupId: input, input, output }
      const zombie = startWorker({ ...options, hold: true })
      after(() => zombie.kill())
      await zombie.holding
      zombie.freeze()
      const heir = startWorker({ ...options, hold: false })
      after(() => heir.kill())
      await caughtUp(kafka, input, 60_000)
      zombie.thaw()

      // The transaction that it held must fail, and it must become useful again: both workers continue with
      // the next records.
      await produceNumbered(kafka, input, KEYS, PER_KEY, PER_KEY)
      await zombie.ready
      await caughtUp(kafka, input, 60_000)
      await heir.stop()
      await produceNumbered(kafka, input, KEYS, PER_KEY, 2 * PER_KEY)
      await caughtUp(kafka, input, 60_000)
      await zombie.stop()
      const wanted = Array.from(
        { length: 3 * KEYS * PER_KEY },
        (_, i) => `key-${i % KEYS}:${Math.floor(i / KEYS)}`,
      )
      expect(tally(wanted, await readBack(brokers, output))).toEqual(EXACT)
    },
  )
})
