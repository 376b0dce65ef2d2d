import { type Kafka, openKafka } from '@weir/kafka'
import { createTopic, produceNumbered } from '@weir/kafka/conformance/records.ts'
import { configOf, VARIANTS } from '@weir/kafka/conformance/variant.ts'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { reset } from './reset.ts'

let kafka: Kafka
let stop: () => Promise<void>
beforeAll(async () => {
  const { brokers } = await servers.kafka()
  vi.stubEnv('KAFKA_BROKERS', brokers.join())
  ;({ value: kafka, stop } = await openKafka(configOf(VARIANTS[0], brokers)))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await stop()
})

async function run(...args: string[]): Promise<{ code: number; said: string }> {
  const streams = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockReturnValue(true),
  )
  try {
    const code = await reset.run(args)
    return { code, said: streams.flatMap(({ mock }) => mock.calls.map(([text]) => text)).join('') }
  } finally {
    streams.forEach((stream) => stream.mockRestore())
  }
}

test('a group continues at the beginning, at a time or at the end, and is not reset while it has members', async () => {
  const topic = await createTopic(kafka, uniqueName('reset'), 1)
  await produceNumbered(kafka, topic, 1, 10)
  const between = Date.now() + 1
  while (Date.now() <= between) await new Promise((resolve) => setTimeout(resolve, 5))
  await produceNumbered(kafka, topic, 1, 5)
  const seen: number[] = []
  const join = () =>
    kafka.consume(
      { groupId: topic, topics: [topic], startAt: 'earliest' },
      (batch) => void seen.push(...batch.offsets.subarray(0, batch.length)),
    )
  const member = await join()
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(15)
  await expect
    .poll(async () => (await kafka.admin.lag(topic)).map(({ lag }) => lag), { timeout: 20_000 })
    .toEqual([0])
  expect(await run(topic, topic, '--to', 'earliest')).toMatchObject({
    code: 1,
    said: expect.stringContaining('stop all members'),
  })
  await member.stop()

  expect(JSON.parse((await run(topic, topic, '--to', 'earliest', '--dry-run', '--json')).said)).toEqual([
    { partition: 0, from: 15, to: 0 },
  ])
  expect((await kafka.admin.lag(topic))[0]).toMatchObject({ committed: 15 })
  expect(
    JSON.parse((await run(topic, topic, '--to', new Date(between).toISOString(), '--json')).said),
  ).toEqual([{ partition: 0, from: 15, to: 10 }])
  const before1970 = await run(topic, topic, '--to', '1969-12-31T23:59:59.999Z', '--dry-run', '--json')
  expect(before1970).toMatchObject({ code: 2, said: expect.stringContaining('a time from 1970 on') })
  seen.length = 0
  const again = await join()
  await expect.poll(() => seen, { timeout: 20_000 }).toEqual([10, 11, 12, 13, 14])
  await again.stop()
  expect(JSON.parse((await run(topic, topic, '--to', 'latest', '--json')).said)).toEqual([
    { partition: 0, from: 15, to: 15 },
  ])
})

test('wrong arguments are refused in a sentence', async () => {
  expect(await run()).toMatchObject({ code: 2, said: expect.stringContaining('Name a consumer group.') })
  expect(await run('enricher.taxi', 'taxi.telemetry')).toMatchObject({
    code: 2,
    said: expect.stringContaining('--to is missing'),
  })
  expect(await run('enricher.taxi', 'no.such.topic', '--to', 'earliest')).toMatchObject({
    code: 2,
    said: expect.stringContaining('There is no topic'),
  })
  expect(await run('enricher.taxi', 'taxi.telemetry', '--to', 'yesterday')).toMatchObject({
    code: 2,
    said: expect.stringContaining('--to is "yesterday"'),
  })
})
