import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SecureKafka, secureKafka, uniqueName } from '@weir/testkit'
import type { KafkaConfig } from '../config.ts'
import { openKafka } from '../index.ts'
import { append, caughtUp, createTopic, keyText, produceNumbered, stored, values, valueText } from './records.ts'
import { describeDriver, open } from './suite.ts'
import { EXACT, tally } from './tally.ts'
import { type Variant, configOf } from './variant.ts'

let secure: SecureKafka
beforeAll(async () => (secure = await secureKafka()))
afterAll(() => secure.stop())

const tls = (): Partial<KafkaConfig> => ({ tls: { ca: secure.ca, cert: undefined, key: undefined } })

async function roundTrip(variant: Variant, brokers: readonly string[], changes: Partial<KafkaConfig>): Promise<void> {
  const kafka = await open(variant, brokers, changes)
  const topic = await createTopic(kafka, uniqueName('secure'), 2)
  await produceNumbered(kafka, topic, 4, 25)
  const seen: string[] = []
  const member = await kafka.consume({ groupId: topic, topics: [topic], startAt: 'earliest' }, (batch) => void seen.push(...values(batch)))
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(100)
  await caughtUp(kafka, topic)
  await member.stop()
}

describeDriver('secure connections', (variant) => {
  test('TLS', () => roundTrip(variant, secure.tls.brokers, tls()))

  test.each(['scram-sha-256', 'scram-sha-512'] as const)('TLS and %s', async (mechanism) => {
    const { brokers, username, password } = secure.scram
    await roundTrip(variant, brokers, { ...tls(), sasl: { mechanism, username, password } })
  })

  test('logins end every four seconds under load: nothing fails, nothing is lost or doubled', async () => {
    const { brokers, username, password } = secure.scram
    const kafka = await open(variant, brokers, { ...tls(), sasl: { mechanism: 'scram-sha-512', username, password } })
    const topic = await createTopic(kafka, uniqueName('reauthentication'), 2)
    const output = await createTopic(kafka, `${topic}-out`, 2)
    const seen: string[] = []
    const copy = await kafka.transform({ groupId: topic, topics: [topic], startAt: 'earliest' }, (batch, out) => {
      for (let i = 0; i < batch.length; i++) append(out, output, batch.partition, keyText(batch, i), valueText(batch, i))
    })
    const reader = await kafka.consume({ groupId: output, topics: [output], startAt: 'earliest' }, (batch) => void seen.push(...values(batch)))
    const producer = await kafka.producer()
    const wanted: string[] = []
    for (const until = Date.now() + 14_000; Date.now() < until;) {
      const delivery = producer.delivery()
      for (let key = 0; key < 4; key++) {
        const value = `key-${key}:${wanted.length}`
        wanted.push(value)
        append(delivery, topic, key % 2, `key-${key}`, value)
      }
      await stored(delivery)
      await kafka.admin.topics()
    }
    await producer.stop()
    await caughtUp(kafka, topic)
    await caughtUp(kafka, output)
    await copy.stop()
    await reader.stop()
    expect(tally(wanted, seen)).toEqual(EXACT)
  })

  test('a wrong password, an authority that nobody knows: a sentence that says which', async () => {
    const { brokers, username } = secure.scram
    const wrong = configOf(variant, brokers, { ...tls(), sasl: { mechanism: 'scram-sha-512', username, password: 'wrong' } })
    await expect(openKafka(wrong)).rejects.toMatchObject({ code: 'authentication', retriable: false })
    const stranger = configOf(variant, secure.tls.brokers, { tls: { ca: undefined, cert: undefined, key: undefined } })
    await expect(openKafka(stranger)).rejects.toMatchObject({ code: 'tls', retriable: false })
  })

  test('no broker: one sentence, soon', async () => {
    const began = Date.now()
    await expect(openKafka(configOf(variant, ['127.0.0.1:1']))).rejects.toMatchObject({ code: 'no-broker', retriable: true })
    expect(Date.now() - began).toBeLessThan(10_000)
  })
})
