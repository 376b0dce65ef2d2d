import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '@weir/config'
import { type SecureKafka, secureKafka, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type KafkaConfig, kafkaConfig } from '../config.ts'
import { type Kafka, openKafka } from '../index.ts'
import {
  append,
  caughtUp,
  createTopic,
  keyText,
  processing,
  produceNumbered,
  stored,
  values,
  valueText,
} from './records.ts'
import { describeDriver, open, testTogether } from './suite.ts'
import { EXACT, type Tally, tally } from './tally.ts'
import { configOf, nameOf, VARIANTS, type Variant } from './variant.ts'

const PASSWORD = 'only-for-tests'
const userOf = (variant: Variant): string => nameOf(variant).replace('/', '-')
const folder = mkdtempSync(join(tmpdir(), 'weir-secure-'))

let secure: SecureKafka
beforeAll(async () => {
  secure = await secureKafka({
    users: Object.fromEntries(['weir', ...VARIANTS.map(userOf)].map((name) => [name, PASSWORD])),
  })
  vi.stubEnv('AWS_ACCESS_KEY_ID', secure.iam.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secure.iam.secretAccessKey)
})
afterAll(async () => {
  await secure.stop()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

const tls = (): Partial<KafkaConfig> => ({ tls: { ca: secure.ca, cert: undefined, key: undefined } })

async function roundTrip(
  variant: Variant,
  brokers: readonly string[],
  changes: Partial<KafkaConfig>,
): Promise<void> {
  const kafka = await open(variant, brokers, changes)
  const topic = await createTopic(kafka, uniqueName('secure'), 2)
  await produceNumbered(kafka, topic, 4, 25)
  const seen: string[] = []
  const member = await kafka.consume(
    { groupId: topic, topics: [topic], startAt: 'earliest' },
    (batch) => void seen.push(...values(batch)),
  )
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(100)
  await caughtUp(kafka, topic)
  await member.stop()
}

const iam = (): Partial<KafkaConfig> => ({
  ...tls(),
  sasl: { mechanism: 'msk-iam', region: secure.iam.region },
})

/**
 * Writes, copies in transactions, reads with and without a group, and calls the Admin for `ms`, while
 * `meanwhile` runs. Nothing may fail. Returns what the group's member and the follower of the copies saw.
 */
async function load(
  kafka: Kafka,
  name: string,
  ms: number,
  meanwhile: () => Promise<void> = async () => {},
): Promise<Record<'seen' | 'followed', Tally>> {
  const topic = await createTopic(kafka, uniqueName(name), 2)
  const output = await createTopic(kafka, `${topic}-out`, 2)
  const seen: string[] = []
  const followed: string[] = []
  const copy = await kafka.transform(
    { groupId: topic, topics: [topic], startAt: 'earliest' },
    processing((batch, out) => {
      for (let i = 0; i < batch.length; i++)
        append(out, output, batch.partition, keyText(batch, i), valueText(batch, i))
    }),
  )
  const reader = await kafka.consume(
    { groupId: output, topics: [output], startAt: 'earliest' },
    (batch) => void seen.push(...values(batch)),
  )
  const following = await kafka.read(
    { topics: [output], from: 'earliest', until: 'stopped' },
    (batch) => void followed.push(...values(batch)),
  )
  const producer = await kafka.producer()
  const wanted: string[] = []
  const writing = (async () => {
    for (const until = Date.now() + ms; Date.now() < until; ) {
      const delivery = producer.delivery()
      for (let key = 0; key < 4; key++) {
        const value = `key-${key}:${wanted.length}`
        wanted.push(value)
        append(delivery, topic, key % 2, `key-${key}`, value)
      }
      await stored(delivery)
      await kafka.admin.topics()
    }
  })()
  await Promise.all([writing, meanwhile()])
  await producer.stop()
  await caughtUp(kafka, topic)
  await caughtUp(kafka, output)
  for (const until = Date.now() + 20_000; followed.length < wanted.length && Date.now() < until; )
    await sleep(50)
  await Promise.all([copy.stop(), reader.stop(), following.stop()])
  return { seen: tally(wanted, seen), followed: tally(wanted, followed) }
}

testTogether('logins by password are renewed every four seconds under load', async (variant, after) => {
  const { brokers, username, password } = secure.scram
  const kafka = await open(
    variant,
    brokers,
    { ...tls(), sasl: { mechanism: 'scram-sha-512', username, password } },
    after,
  )
  expect(await load(kafka, 'scram', 14_000)).toEqual({ seen: EXACT, followed: EXACT })
})

testTogether('logins by token are renewed every four seconds under load', async (variant, after) => {
  expect(await load(await open(variant, secure.iam.brokers, iam(), after), 'iam', 14_000)).toEqual({
    seen: EXACT,
    followed: EXACT,
  })
})

testTogether(
  'clients keep working while a password is rotated, although they know the new one seconds after the brokers',
  async (variant, after) => {
    const username = userOf(variant)
    const file = join(folder, username)
    writeFileSync(file, `${PASSWORD}\n`)
    const { sasl } = readConfig(
      {
        KAFKA_SASL_MECHANISM: 'scram-sha-512',
        KAFKA_SASL_USERNAME: username,
        KAFKA_SASL_PASSWORD_FILE: file,
      },
      kafkaConfig,
    )
    const { seen, followed } = await load(
      await open(variant, secure.scram.brokers, { ...tls(), sasl }, after),
      'rotation',
      14_000,
      async () => {
        await sleep(2000)
        await secure.setPassword(username, 'the next one')
        await sleep(6000)
        writeFileSync(file, 'the next one\n')
      },
    )
    expect(followed).toEqual(EXACT)
    // A member that is kept out for longer than its session reads the records again that it had not
    // committed.
    expect(seen).toMatchObject({ lost: 0, inversions: 0 })
  },
)

test.skipIf(process.platform !== 'linux')(
  'platformatic renews a session on its connection, without closing any',
  async () => {
    const others = connectionsTo(secure.iam.brokers[0])
    const kafka = await open({ driver: 'platformatic', groupProtocol: 'consumer' }, secure.iam.brokers, iam())
    const admin = await open({ driver: 'kafkajs', groupProtocol: 'classic' }, secure.tls.brokers, tls())
    const topic = await createTopic(admin, uniqueName('renewed'), 1)
    const producer = await kafka.producer()
    const write = async (): Promise<void> => {
      const delivery = producer.delivery()
      append(delivery, topic, 0, 'key', 'value')
      await stored(delivery)
    }
    await write()
    const before = connectionsTo(secure.iam.brokers[0]).filter((port) => !others.includes(port))
    expect(before.length).toBeGreaterThan(0)
    for (const until = Date.now() + 9_000; Date.now() < until; await sleep(100)) await write()
    expect(connectionsTo(secure.iam.brokers[0])).toEqual(expect.arrayContaining(before))
  },
)

/** The local ports of this machine's established connections to it, from /proc/net/tcp. */
function connectionsTo(broker: string): string[] {
  const remote = Number(broker.split(':')[1]).toString(16).toUpperCase().padStart(4, '0')
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
  return rows
    .filter(([, , to, state]) => to?.endsWith(`:${remote}`) && state === '01')
    .map(([, from]) => from)
}

describeDriver('secure connections', (variant) => {
  test('a connection over TLS writes and reads', () => roundTrip(variant, secure.tls.brokers, tls()))

  test.each(['scram-sha-256', 'scram-sha-512'] as const)(
    'a connection over TLS with %s writes and reads',
    async (mechanism) => {
      const { brokers, username, password } = secure.scram
      await roundTrip(variant, brokers, { ...tls(), sasl: { mechanism, username, password } })
    },
  )

  test('a broker that demands a client certificate accepts a valid one and refuses a client without one', async () => {
    await roundTrip(variant, secure.mtls.brokers, {
      tls: { ca: secure.ca, ...(await secure.client('weir')) },
    })
    await expect(openKafka(configOf(variant, secure.mtls.brokers, tls()))).rejects.toMatchObject({
      code: 'tls',
      retriable: false,
    })
  })

  test('a token of MSK IAM is accepted, and one for another region is refused', async () => {
    await roundTrip(variant, secure.iam.brokers, iam())
    const stranger = configOf(variant, secure.iam.brokers, {
      ...tls(),
      sasl: { mechanism: 'msk-iam', region: 'eu-west-3' },
    })
    await expect(openKafka(stranger)).rejects.toMatchObject({ code: 'authentication', retriable: false })
  })

  test('a wrong password and an unknown authority are told apart in the error', async () => {
    const { brokers, username } = secure.scram
    const wrong = configOf(variant, brokers, {
      ...tls(),
      sasl: { mechanism: 'scram-sha-512', username, password: 'wrong' },
    })
    await expect(openKafka(wrong)).rejects.toMatchObject({ code: 'authentication', retriable: false })
    const stranger = configOf(variant, secure.tls.brokers, {
      tls: { ca: undefined, cert: undefined, key: undefined },
    })
    await expect(openKafka(stranger)).rejects.toMatchObject({ code: 'tls', retriable: false })
  })

  test('a missing broker is reported within ten seconds', async () => {
    const began = Date.now()
    await expect(openKafka(configOf(variant, ['127.0.0.1:1']))).rejects.toMatchObject({
      code: 'no-broker',
      retriable: true,
    })
    expect(Date.now() - began).toBeLessThan(10_000)
  })
})
