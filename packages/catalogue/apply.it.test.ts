import { readConfig } from '@weir/config'
import { type Kafka, kafkaConfig, openKafka, type TopicSpec } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { applySpecs, applyTopics, topicSpecs } from './apply.ts'

let opened: { value: Kafka; stop(): Promise<void> }
beforeAll(async () => {
  const { brokers } = await servers.kafka()
  opened = await openKafka(readConfig({ KAFKA_BROKERS: brokers.join(',') }, kafkaConfig))
})
afterAll(() => opened?.stop())

/** A broker learns of changes from the controller a moment later. */
const SOON = { timeout: 20_000, interval: 100 }
const created: string[] = []
afterAll(() => opened?.value.admin.deleteTopics(created))

function ownSpecs(): TopicSpec[] {
  const prefix = uniqueName('apply')
  const specs = topicSpecs(topics, 1).map((spec) => ({ ...spec, name: `${prefix}.${spec.name}` }))
  created.push(...specs.map(({ name }) => name))
  return specs
}

test('every topic of the table is created with its configuration, and a second run changes nothing', async () => {
  const { admin } = opened.value
  const specs = ownSpecs()
  expect((await applySpecs(admin, specs)).created.toSorted()).toEqual(
    specs.map(({ name }) => name).toSorted(),
  )
  for (const { name, configs } of specs)
    await expect.poll(() => admin.topicConfigs(name), SOON).toMatchObject(configs)
  expect(specs.find(({ name }) => name.endsWith('.taxi.telemetry'))!.configs).toEqual({
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': '1114112',
    'cleanup.policy': 'delete',
    'retention.ms': '604800000',
    'min.insync.replicas': '1',
  })
  expect(specs.find(({ name }) => name.endsWith('.weir.control.reference'))!.configs).toMatchObject({
    'cleanup.policy': 'compact',
  })
  expect(await applySpecs(admin, specs)).toEqual({ created: [], updated: [] })
})

test('a configuration that was changed by hand is corrected and reported', async () => {
  const { admin } = opened.value
  const [spec] = ownSpecs()
  await applySpecs(admin, [spec!])
  await admin.alterTopicConfigs(spec!.name, { ...spec!.configs, 'retention.ms': '1000' })
  await expect.poll(() => admin.topicConfigs(spec!.name), SOON).toMatchObject({ 'retention.ms': '1000' })
  const lines: string[] = []
  expect(await applySpecs(admin, [spec!], (line) => lines.push(line))).toEqual({
    created: [],
    updated: [spec!.name],
  })
  expect(lines).toEqual([`changed topic ${spec!.name}: retention.ms 1000 → 604800000`])
  await expect.poll(() => admin.topicConfigs(spec!.name), SOON).toMatchObject(spec!.configs)
})

test("another partition count is refused with the topic's name, and no other topic is created", async () => {
  const { admin } = opened.value
  const [first, second] = ownSpecs()
  await applySpecs(admin, [first!])
  await expect(applySpecs(admin, [{ ...first!, partitions: 5 }, second!])).rejects.toMatchObject({
    code: 'partition-mismatch',
    message: expect.stringContaining(`${first!.name} has 12 partitions, but the topics table says 5`),
  })
  expect((await admin.topics()).map(({ name }) => name)).not.toContain(second!.name)
})

test('the whole table of topics is applied', async () => {
  await applyTopics(opened.value.admin, { topics, replicas: 1 })
  expect((await opened.value.admin.topics()).map(({ name }) => name)).toEqual(
    expect.arrayContaining(Object.keys(topics)),
  )
})
