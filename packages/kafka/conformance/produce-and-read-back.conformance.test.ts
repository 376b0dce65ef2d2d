import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import { encodeHeaders, findHeader, keyOf, valueOf } from '../index.ts'
import { readBack } from './read-back.ts'
import { append, createTopic, produceNumbered, stored, values } from './records.ts'
import { describeDriver, open } from './suite.ts'
import { EXACT, tally } from './tally.ts'

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

describeDriver('produce and read back', (variant) => {
  test('the records of a key keep their order', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('order'), 4)
    await produceNumbered(kafka, topic, 20, 500)
    const records = await readBack(brokers, topic)
    expect(records.length).toBe(10_000)
    expect(tally([], records)).toEqual(EXACT)
  })

  test('concurrent deliveries keep their own order and settle one by one', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('deliveries'), 1)
    const producer = await kafka.producer()
    const deliveries = Array.from({ length: 50 }, () => producer.delivery())
    for (let number = 0; number < 20; number++)
      for (const [i, delivery] of deliveries.entries())
        append(delivery, topic, 0, `key-${i}`, `key-${i}:${number}`)
    expect(await Promise.all(deliveries.map((delivery) => delivery.settled()))).toEqual(
      deliveries.map(() => []),
    )
    expect(producer.bufferedBytes).toBe(0)
    expect(
      tally(
        deliveries.flatMap((_, i) => Array.from({ length: 20 }, (_, number) => `key-${i}:${number}`)),
        await readBack(brokers, topic),
      ),
    ).toEqual(EXACT)
  })

  test('headers, null keys, tombstones and empty values are kept', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('shapes'), 1)
    const delivery = (await kafka.producer()).delivery()
    append(delivery, topic, 0, null, 'no key', encodeHeaders({ 'weir-id': 'a', été: 'ä' }))
    append(delivery, topic, 0, 'gone', null)
    append(delivery, topic, 0, 'empty', '')
    append(delivery, topic, 0, '', 'empty key')
    await stored(delivery)

    const records = await readBack(brokers, topic)
    expect(
      records.map(({ key, value, headers }) => [key?.toString() ?? null, value?.toString() ?? null, headers]),
    ).toEqual([
      [null, 'no key', { 'weir-id': 'a', été: 'ä' }],
      ['gone', null, {}],
      ['empty', '', {}],
      ['', 'empty key', {}],
    ])

    const seen: unknown[] = []
    await (
      await kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, (batch) => {
        for (let i = 0; i < batch.length; i++) {
          seen.push([
            keyOf(batch, i)?.toString() ?? null,
            valueOf(batch, i)?.toString() ?? null,
            findHeader(batch.bytes, batch.headersStart[i], 'weir-id')?.toString(),
          ])
        }
      })
    ).done
    expect(seen).toEqual([
      [null, 'no key', 'a'],
      ['gone', null, undefined],
      ['empty', '', undefined],
      ['', 'empty key', undefined],
    ])
  })

  test('records of a megabyte are written and read', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('large'), 2, { 'max.message.bytes': '2000000' })
    const delivery = (await kafka.producer()).delivery()
    const large = Array.from({ length: 8 }, (_, i) => Buffer.alloc(1_000_000, i))
    large.forEach((value, i) => append(delivery, topic, i % 2, `key-${i}`, value))
    await stored(delivery)
    const records = await readBack(brokers, topic)
    expect(records.map(({ value }) => [value!.length, value![0]])).toEqual(
      [0, 2, 4, 6, 1, 3, 5, 7].map((i) => [1_000_000, i]),
    )

    let bytes = 0
    await (
      await kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, (batch) => {
        for (let i = 0; i < batch.length; i++) bytes += valueOf(batch, i)!.length
      })
    ).done
    expect(bytes).toBe(8_000_000)
  })

  test('reading begins at the latest record, at a time or at offsets', async () => {
    const kafka = await open(variant, brokers)
    const topic = await createTopic(kafka, uniqueName('from'), 1, {
      'message.timestamp.type': 'LogAppendTime',
    })
    await produceNumbered(kafka, topic, 1, 3)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const between = Date.now()
    await produceNumbered(kafka, topic, 1, 3, 3)

    const readFrom = async (from: Parameters<typeof kafka.read>[0]['from']): Promise<string[]> => {
      const seen: string[] = []
      await (
        await kafka.read({ topics: [topic], from, until: 'end' }, (batch) => void seen.push(...values(batch)))
      ).done
      return seen
    }
    expect(await readFrom({ timestamp: between })).toEqual(['key-0:3', 'key-0:4', 'key-0:5'])
    expect(await readFrom({ offsets: new Map([[topic, [4]]]) })).toEqual(['key-0:4', 'key-0:5'])
    expect(await readFrom('latest')).toEqual([])

    const seen: string[] = []
    const reading = await kafka.read(
      { topics: [topic], from: 'latest', until: 'stopped' },
      (batch) => void seen.push(...values(batch)),
    )
    await produceNumbered(kafka, topic, 1, 2, 6)
    await expect.poll(() => seen).toEqual(['key-0:6', 'key-0:7'])
    await reading.stop()
    await reading.done
  })

  test('a topic that does not exist is reported as unknown', async () => {
    const kafka = await open(variant, brokers)
    await expect(kafka.partitions(uniqueName('nowhere'))).rejects.toMatchObject({ code: 'unknown-topic' })
  })
})
