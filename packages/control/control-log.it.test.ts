/** The control log on a real broker: decisions of several replicas, and entries that others wrote. */

import { registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { encodeValue, type Kafka, kafkaConfig, openKafka, writeRecord } from '@weir/kafka'
import { servers, uniqueName } from '@weir/testkit'
import { integer, object, read } from '@weir/topics/shape.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type ControlLog, type ControlOptions, openControlLog } from './index.ts'

/** The topics are this test's own; they have the contract of every control log. */
const CONTRACT = 'weir.control.functions'
type Topic = ControlOptions['topic']

let kafka: Kafka
let codec: Codec
const stops: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry()])
  await registerContracts(url)
  const opened = await openKafka(readConfig({ KAFKA_BROKERS: brokers.join() }, kafkaConfig))
  kafka = opened.value
  codec = (await openCodec({ url })).value
  stops.push(opened.stop)
})

afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})

async function topicOf(): Promise<Topic> {
  const name = uniqueName('control')
  await kafka.admin.createTopics([
    { name, partitions: 1, replicas: 1, configs: { 'cleanup.policy': 'compact' } },
  ])
  return name as Topic
}

interface Replica {
  readonly log: ControlLog
  /** The states by KIND/ID. */
  readonly state: Map<string, unknown>
  readonly warnings: Record<string, unknown>[]
}

const counter = object({ count: integer({ min: 0, max: 1000 }) })

async function replica(topic: Topic): Promise<Replica> {
  const state = new Map<string, unknown>()
  const warnings: Record<string, unknown>[] = []
  const named = {
    reader: () => codec.reader(CONTRACT),
    writer: () => codec.writer(CONTRACT),
  } as unknown as Codec
  const log = await openControlLog({
    kafka,
    codec: named,
    topic,
    log: { warn: (details, message) => warnings.push({ ...details, message }) },
    checks: { counter: (found) => void read(counter, found, 'ignored') },
    apply: ({ kind, id, state: value }) => {
      if (value === undefined) state.delete(`${kind}/${id}`)
      else state.set(`${kind}/${id}`, value)
    },
  })
  onTestFinished(() => log.stop())
  return { log, state, warnings }
}

/** Writes a record as a stranger would. */
async function write(
  topic: string,
  key: string,
  value: { kind: string; id: string; json: string } | Buffer | null,
): Promise<void> {
  const producer = await kafka.producer()
  const bytes =
    value === null || Buffer.isBuffer(value) ? value : encodeValue(await codec.writer(CONTRACT), value)
  await writeRecord(producer, { topic, partition: 0, key, value: bytes })
  await producer.stop()
}

const countOf = ({ state }: Replica): number =>
  (state.get('counter/x') as { count: number } | undefined)?.count ?? 0

test('replicas decide one after the other, each on what the ones before it wrote', async () => {
  const topic = await topicOf()
  const replicas = await Promise.all([replica(topic), replica(topic), replica(topic)])
  const raise = (one: Replica): Promise<void> =>
    one.log.write(() => [{ kind: 'counter', id: 'x', value: { count: countOf(one) + 1 } }])
  await Promise.all(replicas.flatMap((one) => [raise(one), raise(one), raise(one)]))
  for (const one of replicas) {
    await one.log.catchUp()
    expect(countOf(one)).toBe(9)
  }
  await replicas[0].log.write(() => [{ kind: 'counter', id: 'x', value: undefined }])
  await expect.poll(() => replicas[2].state.has('counter/x')).toBe(false)
})

test('a decision that throws writes nothing; one that followers would leave out is refused', async () => {
  const one = await replica(await topicOf())
  await expect(
    one.log.write(() => {
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  const half = () => [
    { kind: 'counter', id: 'x', value: { count: 1 } },
    { kind: 'counter', id: 'y', value: { count: 1001 } },
  ]
  await expect(one.log.write(half)).rejects.toThrow('count must be between 0 and 1000.')
  await expect(one.log.announce({ kind: 'counter', id: 'x', value: { count: NaN } })).rejects.toThrow(
    'count must be a whole number.',
  )
  await one.log.write(() => [])
  expect(one.state.size).toBe(0)
})

test('entries without their shape, or under another key, are left out; all others are applied', async () => {
  const topic = await topicOf()
  const entry = (id: string, state: unknown) => ({ kind: 'counter', id, json: JSON.stringify(state) })
  const running = await replica(topic)
  await write(topic, 'counter/a', entry('a', { count: 1, later: true }))
  await write(topic, 'counter/a', Buffer.from('sevenxx'))
  await write(topic, 'counter/b', entry('b', { count: -1 }))
  await write(topic, 'counter/c', entry('a', { count: 5 }))
  await write(topic, 'counter/d', { kind: 'counter', id: 'd', json: '{' })
  await write(topic, 'counter/e', entry('e', null))
  await write(topic, `counter/${'x'.repeat(500)}`, entry('x'.repeat(500), { count: 1 }))
  await write(topic, 'counter', null)
  await write(topic, 'constructor/x', { kind: 'constructor', id: 'x', json: '1' })
  await write(topic, 'later/x', { kind: 'later', id: 'x', json: '{"of":"a later version"}' })
  await write(topic, 'write/last', { kind: 'write', id: 'last', json: '{"no":"mark"}' })
  await write(topic, 'counter/z', entry('z', { count: 26 }))
  await running.log.catchUp()
  const fresh = await replica(topic)
  for (const { state, warnings, log } of [running, fresh]) {
    expect(Object.fromEntries(state)).toEqual({
      'counter/a': { count: 1, later: true },
      'counter/z': { count: 26 },
    })
    expect(warnings).toEqual([expect.objectContaining({ topic, message: 'a record is left out' })])
    await expect.poll(() => log.ready()).toBe(true)
  }
  await fresh.log.write(() => [{ kind: 'counter', id: 'a', value: { count: 2 } }])
  await expect.poll(() => running.state.get('counter/a')).toEqual({ count: 2 })
})
