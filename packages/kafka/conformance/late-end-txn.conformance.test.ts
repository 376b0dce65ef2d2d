import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, describe, expect } from 'vitest'
import { delayingProxy } from './delaying-proxy.ts'
import { readBack } from './read-back.ts'
import { append, caughtUp, createTopic, processing, produceNumbered, valueText } from './records.ts'
import { LONGER, open, testTogether } from './suite.ts'
import { EXACT, tally } from './tally.ts'

const PER_KEY = 60 * LONGER
const KEYS = 12

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

describe('a late EndTxn', () => {
  testTogether(
    'changes nothing if its producer gave up the commit before the broker gets it',
    async (variant, after) => {
      const direct = await open(variant, brokers, {}, after)
      const topic = await createTopic(direct, uniqueName('late-end'), 3)
      const output = await createTopic(direct, `${topic}-out`, 3)
      await produceNumbered(direct, topic, KEYS, PER_KEY)

      const proxy = await delayingProxy(brokers[0], 5, 1_200)
      after(() => proxy.stop())
      const kafka = await open(variant, [proxy.address], {}, after)
      const member = await kafka.transform(
        { groupId: topic, topics: [topic], startAt: 'earliest', maxBatchRecords: 12 },
        processing((batch, out) => {
          for (let i = 0; i < batch.length; i++)
            append(out, output, batch.partition, valueText(batch, i).split(':')[0], valueText(batch, i))
        }),
      )
      await caughtUp(direct, topic, 60_000 * LONGER)
      await member.stop()
      expect(proxy.delayed).toBeGreaterThanOrEqual(8)
      const wanted = Array.from(
        { length: KEYS * PER_KEY },
        (_, i) => `key-${i % KEYS}:${Math.floor(i / KEYS)}`,
      )
      expect(tally(wanted, await readBack(brokers, output))).toEqual(EXACT)
    },
  )
})
