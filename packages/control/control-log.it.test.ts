/** The control log on a real broker: decisions of several replicas, and entries that others wrote. */

import type { ControlEntry } from '@weir/contracts'
import { encodeValue, writeRecord } from '@weir/kafka'
import { type Connections, openConnections } from '@weir/topics/testing/connections.ts'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CONTRACT, openReplica, REFUSED, type Replica } from './testing/replica.ts'

describe.each(['platformatic', 'kafkajs'] as const)('with %s', (driver) => {
  let connections: Connections
  beforeAll(async () => {
    connections = await openConnections(CONTRACT, driver)
  })
  afterAll(() => connections.stop())

  async function replica(topic: string): Promise<Replica> {
    const opened = await openReplica(connections, topic)
    onTestFinished(() => opened.log.stop())
    return opened
  }

  /** Writes a record without the checks of the control log. */
  async function write(topic: string, key: string, value: ControlEntry | Buffer | null): Promise<void> {
    const { kafka, codec } = connections
    const producer = await kafka.producer()
    const bytes =
      value === null || Buffer.isBuffer(value) ? value : encodeValue(await codec.writer(CONTRACT), value)
    await writeRecord(producer, { topic, partition: 0, key, value: bytes })
    await producer.stop()
  }

  test('replicas decide one after the other, each on the entries of the ones before', async () => {
    const topic = await connections.makeTopic()
    const replicas = await Promise.all([replica(topic), replica(topic), replica(topic)])
    await Promise.all(replicas.flatMap((one) => [one.raise(), one.raise(), one.raise()]))
    for (const one of replicas) {
      await one.log.catchUp()
      expect(one.countOf()).toBe(9)
    }
    await replicas[0].log.write(() => [{ kind: 'counter', id: 'x', value: undefined }])
    await expect.poll(() => replicas[2].state.has('counter/x')).toBe(false)
  })

  test('every replica applies decisions and announcements in the order of the log', async () => {
    const topic = await connections.makeTopic()
    const [one, other, third] = await Promise.all([replica(topic), replica(topic), replica(topic)])
    const announceAll = async ({ log }: Replica, id: string): Promise<void> => {
      for (let count = 1; count <= 20; count++) await log.announce({ kind: 'counter', id, value: { count } })
    }
    const decideAll = async (from: Replica): Promise<void> => {
      for (let i = 0; i < 5; i++) await from.raise('decided')
    }
    await Promise.all([
      announceAll(one, 'a'),
      announceAll(other, 'b'),
      decideAll(one),
      decideAll(other),
      decideAll(third),
    ])
    for (const { log } of [one, other, third]) await log.catchUp()
    expect(one.applied).toHaveLength(55)
    expect(other.applied).toEqual(one.applied)
    expect(third.applied).toEqual(one.applied)
    const counts = (id: string): string[] => one.applied.filter((entry) => entry.startsWith(`counter/${id}=`))
    for (const [id, most] of Object.entries({ a: 20, b: 20, decided: 15 }))
      expect(counts(id)).toEqual(Array.from({ length: most }, (_, i) => `counter/${id}={"count":${i + 1}}`))
  })

  test('a decision that throws writes nothing, and one that followers would skip is refused', async () => {
    const one = await replica(await connections.makeTopic())
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

  test('entries of a wrong shape or under another key are skipped, and all others are applied', async () => {
    const topic = await connections.makeTopic()
    const entry = (id: string, state: unknown) => ({ kind: 'counter', id, json: JSON.stringify(state) })
    const running = await replica(topic)
    await write(topic, 'counter/a', entry('a', { count: 1, later: true }))
    await write(topic, 'counter/a', Buffer.from('sevenxx'))
    await write(topic, 'counter/b', entry('b', { count: -1 }))
    await write(topic, 'counter/c', entry('a', { count: 5 }))
    await write(topic, 'counter/d', { kind: 'counter', id: 'd', json: '{' })
    await write(topic, 'counter/e', entry('e', null))
    await write(topic, `counter/${REFUSED}`, entry(REFUSED, { count: 1 }))
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
      expect(warnings).toEqual([expect.objectContaining({ topic, message: 'a record is skipped' })])
      await expect.poll(() => log.ready()).toBe(true)
    }
    await fresh.log.write(() => [{ kind: 'counter', id: 'a', value: { count: 2 } }])
    await expect.poll(() => running.state.get('counter/a')).toEqual({ count: 2 })
  })

  test('a compacted log gives a new replica the same state as the others', async () => {
    const topic = await connections.makeTopic(1, {
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0',
      'delete.retention.ms': '0',
    })
    const running = await replica(topic)
    for (let count = 1; count <= 30; count++) {
      await running.log.announce({ kind: 'counter', id: 'often', value: { count } })
      await running.log.announce({ kind: 'counter', id: `removed-${count}`, value: { count } })
      await running.log.announce({ kind: 'counter', id: `removed-${count}`, value: undefined })
    }
    await running.raise()
    // The segment in use is not compacted, so there are records after it; the cleaner comes every 15 s.
    await expect
      .poll(
        async () => {
          await running.raise()
          return (await replica(topic)).applied.length
        },
        { timeout: 60_000, interval: 1000 },
      )
      .toBeLessThan(60)
    const fresh = await replica(topic)
    await running.log.catchUp()
    expect(Object.fromEntries(fresh.state)).toEqual(Object.fromEntries(running.state))
    await fresh.raise('often')
    expect(fresh.countOf('often')).toBe(31)
  }, 90_000)
})
