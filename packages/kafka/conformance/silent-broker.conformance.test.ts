import { type KafkaCluster, kafkaCluster, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Kafka } from '../index.ts'
import { readBack } from './read-back.ts'
import { append, createTopic } from './records.ts'
import { open, testTogether } from './suite.ts'
import { VARIANTS } from './variant.ts'

/** Milliseconds within which a delivery must be settled, whatever happens. */
const SETTLED_WITHIN_MS = 45_000

let cluster: KafkaCluster
/**
 * The variants share the broker: it is paused when all have reached this point, and resumed when all have
 * seen their deliveries fail.
 */
const meeting = (): (() => Promise<void>) => {
  const { promise, resolve } = Promise.withResolvers<void>()
  let missing = VARIANTS.length
  return () => {
    if (--missing === 0) resolve()
    return promise
  }
}
const [prepared, failed] = [meeting(), meeting()]

beforeAll(async () => {
  cluster = await kafkaCluster({ brokers: 1 })
})
afterAll(() => cluster.stop())

describe('a broker that falls silent', () => {
  testTogether(
    'fails records in flight and queued records in time, and later records are not reordered',
    async (variant, after) => {
      const kafka: Kafka = await open(variant, cluster.brokers, {}, after)
      const topic = await createTopic(kafka, uniqueName('silent'), 1)
      const producer = await kafka.producer()
      const send = async (...numbers: number[]) => {
        const delivery = producer.delivery()
        for (const number of numbers) append(delivery, topic, 0, 'key', `key:${number}`)
        return delivery.settled()
      }
      expect(await send(0)).toEqual([])
      await prepared()
      cluster.pause(0)

      const began = Date.now()
      const inFlight = send(1)
      await new Promise((resolve) => setTimeout(resolve, 200))
      const behind = send(2, 3)
      const failures = await Promise.all([inFlight, behind])
      const [took, buffered, connected] = [Date.now() - began, producer.bufferedBytes, kafka.connected()]
      await failed()
      cluster.resume(0)
      for (const failure of failures)
        expect(failure).toMatchObject([{ partition: 0, fromIndex: 0, error: { retriable: true } }])
      expect(took).toBeLessThan(SETTLED_WITHIN_MS)
      expect([buffered, connected]).toEqual([0, false])

      expect(await send(4)).toEqual([])
      expect(await send(5)).toEqual([])
      const numbers = (await readBack(cluster.brokers, topic)).map(({ value }) =>
        Number(value!.toString().split(':')[1]),
      )
      expect(numbers).toEqual([...new Set(numbers)].sort())
      expect(numbers).toEqual(expect.arrayContaining([0, 4, 5]))
    },
  )
})
