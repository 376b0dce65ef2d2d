import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import { createTopic, produceNumbered, values } from './records.ts'
import { open } from './suite.ts'
import { EXACT, tally } from './tally.ts'
import { nameOf, VARIANTS } from './variant.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

describe('a change of driver or protocol', () => {
  test('lets a stopped group continue at its offsets, with each variant in turn', async () => {
    const turns = [...VARIANTS, ...VARIANTS].map((variant, turn) => ({ variant, turn }))
    const admin = await open(VARIANTS[0], brokers)
    const topic = await createTopic(admin, uniqueName('change'), 3)
    const seen: string[] = []
    for (const { variant, turn } of turns) {
      const kafka = await open(variant, brokers)
      await produceNumbered(kafka, topic, 6, 50, turn * 50)
      const member = await kafka.consume(
        { groupId: topic, topics: [topic], startAt: 'earliest' },
        (batch) => void seen.push(...values(batch)),
      )
      await expect
        .poll(() => seen.length, { timeout: 30_000, message: nameOf(variant) })
        .toBe((turn + 1) * 300)
      await member.stop()
    }
    expect(
      tally(
        Array.from({ length: turns.length * 300 }, (_, i) => `key-${i % 6}:${Math.floor(i / 6)}`),
        seen,
      ),
    ).toEqual(EXACT)
  })
})
