/** Tables on a real broker, written by one replica and followed by all. */
import { type Connections, openConnections } from '@weir/topics/testing/connections.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openTable, type Table } from './table.ts'

const CONTRACT = 'weir.control.reference'
let connections: Connections

beforeAll(async () => {
  connections = await openConnections(CONTRACT)
})
afterAll(() => connections.stop())

interface Replica {
  readonly table: Table<typeof CONTRACT>
  readonly entries: Map<string, string>
  readonly sources: (string | undefined)[]
}

async function replica(topic: string): Promise<Replica> {
  const { kafka, codec } = connections
  const entries = new Map<string, string>()
  const sources: (string | undefined)[] = []
  const table = await openTable(
    { kafka, codec, topic: topic as typeof CONTRACT, reader: 'test', log: { warn: () => {} } },
    {
      accept: ({ key, value, headers }) => {
        sources.push(headers['weir-source'])
        if (value === null) entries.delete(key)
        else entries.set(key, value.json)
      },
      clear: () => entries.clear(),
    },
  )
  onTestFinished(() => table.stop())
  return { table, entries, sources }
}

const entry = (id: string, json: string) => ({ table: 't', id, json })

test('changes of one replica reach all others, and a later replica begins with all of them', async () => {
  const topic = await connections.makeTopic(3)
  const [one, other] = [await replica(topic), await replica(topic)]
  const keys = Array.from({ length: 20 }, (_, i) => `key-${i}`)
  await Promise.all(keys.map((key) => one.table.put(key, entry(key, 'first'), { 'weir-source': 'test' })))
  for (const key of keys) await other.table.put(key, entry(key, 'second'))
  await one.table.put(keys[0], null)
  const wanted = keys.slice(1).map((key) => [key, 'second'])
  const late = await replica(topic)
  expect([...late.entries].toSorted()).toEqual(wanted.toSorted())
  for (const { table, entries } of [one, other]) {
    await table.catchUp()
    expect([...entries].toSorted()).toEqual(wanted.toSorted())
    await expect.poll(() => table.ready()).toBe(true)
  }
  expect(other.sources.filter((source) => source === 'test')).toHaveLength(20)
  // The keys are in the partitions in which Kafka's own clients look for them.
  expect(
    await Promise.all([0, 1, 2].map((p) => connections.kafka.offsetAt(topic, p, 'latest'))),
  ).not.toContain(0)
})

test('changes in one transaction are seen together, or not at all', async () => {
  const topic = await connections.makeTopic()
  const { table, entries } = await replica(topic)
  await connections.kafka.transact(`${topic}.test`, (out) => {
    table.append(out, 'a', entry('a', '1'))
    table.append(out, 'b', entry('b', '1'))
  })
  const changed = connections.kafka.transact(`${topic}.test`, (out) => {
    table.append(out, 'a', null)
    throw new Error('changed its mind')
  })
  await expect(changed).rejects.toThrow('changed its mind')
  await expect
    .poll(() => [...entries])
    .toEqual([
      ['a', '1'],
      ['b', '1'],
    ])
})

test('a table without a topic does not open', async () => {
  await expect(replica('no-such-table')).rejects.toMatchObject({ code: 'unknown-topic' })
})

test('settle() waits for entries that were committed just before', async () => {
  const topic = await connections.makeTopic(1)
  const [one, other] = [await replica(topic), await replica(topic)]
  for (let round = 0; round < 100; round++) {
    const [key, value] = ['key', entry('key', String(round))]
    await connections.kafka.transact(`${topic}.writer`, (out) => one.table.append(out, key, value))
    await other.table.settle(AbortSignal.timeout(10_000), key)
    expect(other.entries.get(key)).toBe(String(round))
  }
})
