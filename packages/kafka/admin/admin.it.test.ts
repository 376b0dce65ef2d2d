import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTopic, produceNumbered } from '../conformance/records.ts'
import { configOf, VARIANTS } from '../conformance/variant.ts'
import { type Kafka, openKafka } from '../index.ts'

let kafka: Kafka
let stop: () => Promise<void>
beforeAll(
  async () =>
    ({ value: kafka, stop } = await openKafka(configOf(VARIANTS[0], (await servers.kafka()).brokers))),
)
afterAll(() => stop())

const spec = (name: string, partitions: number, configs: Record<string, string> = {}) => ({
  name,
  partitions,
  replicas: -1,
  configs,
})

test('topics are created once, refused with another partition count, configured and deleted', async () => {
  const [one, two] = [uniqueName('one'), uniqueName('two')]
  expect(await kafka.admin.createTopics([spec(one, 3, { 'retention.ms': '3600000' })])).toEqual([one])
  expect(await kafka.admin.createTopics([spec(one, 3), spec(two, 1)])).toEqual([two])
  expect(await kafka.admin.topics()).toEqual(
    expect.arrayContaining([
      { name: one, partitions: 3, replicas: 1 },
      { name: two, partitions: 1, replicas: 1 },
    ]),
  )
  await expect(kafka.admin.createTopics([spec(one, 4)])).rejects.toMatchObject({
    code: 'partition-mismatch',
    message: expect.stringContaining(`${one} has 3 partitions, but 4 are required`),
  })
  await expect(
    kafka.admin.createTopics([spec(uniqueName('bad'), 1, { 'no.such.config': '1' })]),
  ).rejects.toThrow(/no\.such\.config/)

  await kafka.admin.alterTopicConfigs(one, { 'max.message.bytes': '12345' })
  expect(await kafka.admin.topicConfigs(one)).toMatchObject({
    'max.message.bytes': '12345',
    'retention.ms': '3600000',
    'cleanup.policy': 'delete',
  })
  await expect(kafka.admin.alterTopicConfigs(one, { 'max.message.bytes': 'many' })).rejects.toThrow(
    /max\.message\.bytes/,
  )
  await expect(kafka.admin.topicConfigs(uniqueName('nowhere'))).rejects.toMatchObject({
    code: 'unknown-topic',
  })

  await kafka.admin.deleteTopics([one, two, uniqueName('nowhere')])
  expect((await kafka.admin.topics()).map(({ name }) => name)).not.toContain(one)
})

test('a topic that was deleted can be created again at once', async () => {
  const topic = await createTopic(kafka, uniqueName('again'), 1)
  for (let i = 0; i < 5; i++) {
    await produceNumbered(kafka, topic, 1, 3)
    await kafka.admin.deleteTopics([topic])
    expect(await kafka.admin.createTopics([spec(topic, 1)])).toEqual([topic])
    expect(await kafka.admin.offsets(topic)).toEqual([{ partition: 0, earliest: 0, latest: 0 }])
  }
})

test('a topic can be used as soon as it is created', async () => {
  for (let i = 0; i < 5; i++) {
    const topic = await createTopic(kafka, uniqueName('fresh'), 2)
    await produceNumbered(kafka, topic, 3, 1)
    expect(
      (await kafka.admin.offsets(topic)).reduce((sum, { earliest, latest }) => sum + latest - earliest, 0),
    ).toBe(3)
  }
})

test.each(VARIANTS)(
  'groups of %o show their state, lag and assignment, and accept offsets while they are empty',
  async (variant) => {
    const { value: client, stop: stopClient } = await openKafka(
      configOf(variant, (await servers.kafka()).brokers),
    )
    const topic = await createTopic(client, uniqueName('group'), 2)
    await produceNumbered(client, topic, 10, 10)
    const offsets = await client.admin.offsets(topic)
    const member = await client.consume({ groupId: topic, topics: [topic], startAt: 'earliest' }, () => {})
    await expect
      .poll(async () => (await client.admin.lag(topic)).map(({ lag }) => lag), { timeout: 20_000 })
      .toEqual([0, 0])
    const state = async () => (await client.admin.groups()).find(({ groupId }) => groupId === topic)?.state
    expect(await state()).toBe('Stable')
    const assigned = async () =>
      (await client.admin.assigned(topic)).sort((a, b) => a.partition - b.partition)
    expect(await assigned()).toEqual([
      { topic, partition: 0 },
      { topic, partition: 1 },
    ])
    await expect(client.admin.setOffsets(topic, topic, [{ partition: 0, offset: 0 }])).rejects.toMatchObject({
      code: 'invalid-group',
    })
    await expect(client.admin.deleteGroups([topic])).rejects.toMatchObject({ code: 'invalid-group' })
    await member.stop()

    await expect.poll(state, { timeout: 5_000 }).toBe('Empty')
    expect(await assigned()).toEqual([])
    await client.admin.setOffsets(topic, topic, [{ partition: 1, offset: 1 }])
    expect(await client.admin.lag(topic)).toEqual([
      { topic, partition: 0, committed: offsets[0].latest, latest: offsets[0].latest, lag: 0 },
      { topic, partition: 1, committed: 1, latest: offsets[1].latest, lag: offsets[1].latest - 1 },
    ])
    await client.admin.deleteGroups([topic, uniqueName('nobody')])
    expect(await state()).toBeUndefined()
    expect(await assigned()).toEqual([])
    await stopClient()
  },
)

test('on a cluster without an authorizer, calls about ACLs fail with a message that says so', async () => {
  await expect(kafka.admin.acls('User:somebody')).rejects.toMatchObject({
    code: 'no-authorizer',
    retriable: false,
  })
  const right = {
    principal: 'User:somebody',
    resource: 'topic',
    name: 'orders',
    pattern: 'literal',
    operation: 'Read',
  } as const
  await expect(kafka.admin.addAcls([right])).rejects.toMatchObject({
    code: 'no-authorizer',
    message: expect.stringContaining('User:somebody cannot be allowed to Read the topic orders'),
  })
})
