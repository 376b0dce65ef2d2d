import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import { COMPRESSIONS } from '../config.ts'
import { readBack } from './read-back.ts'
import { createTopic, produceNumbered, values } from './records.ts'
import { describeDriver, open } from './suite.ts'
import { EXACT, tally } from './tally.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

describeDriver('codecs', (variant) => {
  test.each(COMPRESSIONS)(
    'records compressed with %s are read back, once and in order',
    async (compression) => {
      const kafka = await open(variant, brokers, { compression })
      const topic = await createTopic(kafka, uniqueName(compression), 2)
      await produceNumbered(kafka, topic, 5, 1_000)
      const wanted = Array.from({ length: 5_000 }, (_, i) => `key-${i % 5}:${Math.floor(i / 5)}`)

      const written = await readBack(brokers, topic)
      expect(written.length).toBe(5_000)
      expect(tally(wanted, written)).toEqual(EXACT)

      const seen: string[] = []
      await (
        await kafka.read(
          { topics: [topic], from: 'earliest', until: 'end' },
          (batch) => void seen.push(...values(batch)),
        )
      ).done
      expect(seen.length).toBe(5_000)
      expect(tally(wanted, seen)).toEqual(EXACT)
    },
  )
})
