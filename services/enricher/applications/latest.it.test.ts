/** The newest values of a topic in Redis, if the topic is recreated under its name. */

import type { TopicName } from '@weir/contracts'
import { encodeValue, writeRecord } from '@weir/kafka'
import { logger } from '@weir/service'
import { servers, uniqueName } from '@weir/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { openBackends } from '../functions/testing/backends.ts'
import { openLatest } from './latest.ts'

/** Any contract will do, because the topic is this test's own. */
const CONTRACT = 'weir.control.reference'

test('a topic that was made anew has newest values of its own', async () => {
  const { kafka, codec, stop: stopBackends } = await openBackends()
  onTestFinished(stopBackends)
  const producer = await kafka.producer()
  const topic = uniqueName('latest') as TopicName
  const make = (): Promise<unknown> =>
    kafka.admin.createTopics([{ name: topic, partitions: 1, replicas: 1, configs: {} }])
  const writer = await codec.writer(CONTRACT)
  const put = async (json: string): Promise<void> => {
    await writeRecord(producer, {
      topic,
      partition: 0,
      key: 'k',
      value: encodeValue(writer, { table: 't', id: 'k', json }),
    })
  }
  await make()
  for (const json of ['1', '2', '3']) await put(json)
  const { url: redisUrl } = await servers.redis()
  const { value: latest, stop } = await openLatest({
    kafka,
    topic,
    redisUrl,
    log: logger('latest-test'),
    codec: { ...codec, reader: () => codec.reader(CONTRACT) } as typeof codec,
  })
  onTestFinished(async () => {
    await stop(1000)
    await producer.stop()
  })
  const newest = async (): Promise<unknown> => ((await latest.get('k')) as { json: string } | undefined)?.json
  await expect.poll(newest, { timeout: 20_000 }).toBe('3')

  await kafka.admin.deleteTopics([topic])
  await expect.poll(async () => (await kafka.admin.topics()).some(({ name }) => name === topic)).toBe(false)
  await make()
  await put('new')
  await expect.poll(newest, { timeout: 30_000 }).toBe('new')
  await expect.poll(() => latest.ready(), { timeout: 20_000 }).toBe(true)
})
