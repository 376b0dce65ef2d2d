import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import { readBack } from './read-back.ts'
import { append, createTopic } from './records.ts'
import { describeDriver, open } from './suite.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

describeDriver('a record that is too large', (variant) => {
  test('fails together with the later records of its delivery to the partition, and no others', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('too-large'), 2, { 'max.message.bytes': '20000' })
    const producer = await kafka.producer()
    const [guilty, neighbour] = [producer.delivery(), producer.delivery()]
    append(guilty, topic, 0, 'a', 'before')
    append(neighbour, topic, 0, 'b', 'neighbour before')
    append(guilty, topic, 0, 'a', Buffer.alloc(30_000))
    append(guilty, topic, 1, 'c', 'other partition')
    append(guilty, topic, 0, 'a', 'after')
    append(neighbour, topic, 0, 'b', 'neighbour after')

    expect(await guilty.settled()).toMatchObject([
      { topic, partition: 0, fromIndex: 1, error: { code: 'too-large', retriable: false } },
    ])
    expect(await neighbour.settled()).toEqual([])
    const written = (await readBack(brokers, topic)).map(({ partition, value }) => `${partition} ${value}`)
    expect(written).toEqual(['0 before', '0 neighbour before', '0 neighbour after', '1 other partition'])

    const later = producer.delivery()
    append(later, topic, 0, 'a', 'later')
    expect(await later.settled()).toEqual([])
  })
})
