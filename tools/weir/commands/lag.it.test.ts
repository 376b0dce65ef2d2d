import { type Kafka, openKafka } from '@weir/kafka'
import { createTopic, processing, produceNumbered } from '@weir/kafka/conformance/records.ts'
import { configOf, VARIANTS } from '@weir/kafka/conformance/variant.ts'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { lagRows } from './lag.ts'

let kafka: Kafka
let stop: () => Promise<void>
beforeAll(async () => {
  const { brokers } = await servers.kafka()
  ;({ value: kafka, stop } = await openKafka(configOf(VARIANTS[0], brokers)))
})
afterAll(() => stop())

test('a group that has handled nothing yet lags by all records, in every partition', async () => {
  const topic = await createTopic(kafka, uniqueName('lag'), 3)
  await produceNumbered(kafka, topic, 6, 5)
  const groupId = `enricher.${topic}`
  const member = await kafka.transform(
    { groupId, topics: [topic], startAt: 'earliest' },
    processing(() => {
      throw new Error('not today')
    }),
  )
  await vi.waitFor(
    async () => {
      const rows = (await lagRows(kafka, undefined)).filter(({ group }) => group === groupId)
      expect(rows.map(({ partition, committed }) => [partition, committed])).toEqual([
        [0, 0],
        [1, 0],
        [2, 0],
      ])
      expect(rows.reduce((sum, { lag }) => sum + lag, 0)).toBe(30)
    },
    { timeout: 30_000, interval: 100 },
  )
  await member.stop()
  expect(await lagRows(kafka, groupId)).toHaveLength(3)
})

test('groups of other programs are listed only if they are named', async () => {
  const topic = await createTopic(kafka, uniqueName('lag'), 1)
  // A group like those that the schema registry creates at each start.
  const groupId = `apicurio-${uniqueName('start')}`
  await kafka.admin.setOffsets(groupId, topic, [{ partition: 0, offset: 0 }])
  expect((await lagRows(kafka, undefined)).map(({ group }) => group)).not.toContain(groupId)
  expect(await lagRows(kafka, groupId)).toMatchObject([{ group: groupId, topic, lag: 0 }])
})
