/** The control log while replicas die, hang or lag behind, and while answers of the broker are lost. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Kafka, KafkaError } from '@weir/kafka'
import { type Connections, openConnections } from '@weir/topics/testing/connections.ts'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CONTRACT, openReplica, type Replica } from './testing/replica.ts'

describe.each(['platformatic', 'kafkajs'] as const)('with %s', (driver) => {
  let connections: Connections
  beforeAll(async () => {
    connections = await openConnections(CONTRACT, driver)
  })
  afterAll(() => connections.stop())

  /** @param changes replaced calls, which fail or delay */
  async function replica(topic: string, changes: Partial<Kafka> = {}): Promise<Replica> {
    const { kafka, codec } = connections
    const opened = await openReplica({ kafka: changed(kafka, changes), codec }, topic)
    onTestFinished(() => opened.log.stop())
    return opened
  }

  test('a replica that hangs within a transaction is fenced, and then decides on newer entries', async () => {
    const topic = await connections.makeTopic()
    const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow = await replica(topic, {
      transact: (id, work) =>
        connections.kafka.transact(id, async (out) => {
          await work(out)
          held.resolve()
          await released.promise
        }),
    })
    const quick = await replica(topic)
    const raised = slow.raise()
    await held.promise
    await quick.raise()
    await quick.raise()
    expect(quick.countOf()).toBe(2)
    released.resolve()
    await raised
    await quick.log.catchUp()
    expect([slow.countOf(), quick.countOf()]).toEqual([3, 3])
    expect(quick.applied).toEqual([1, 2, 3].map((count) => `counter/x={"count":${count}}`))
  })

  test('a killed replica does not delay its successor, and leaves no half of a decision', async () => {
    const topic = await connections.makeTopic()
    const heir = await replica(topic)
    for (let kill = 0; kill < 3; kill++) {
      const child = fork(new URL('./testing/replica.ts', import.meta.url), [topic, driver])
      const [first] = await once(child, 'message')
      let last = first as number
      child.on('message', (count) => {
        last = count as number
      })
      await sleep(Math.random() * 100)
      child.kill('SIGKILL')
      await once(child, 'exit')
      const began = performance.now()
      await heir.raise()
      expect(performance.now() - began).toBeLessThan(10_000)
      // The decision that was under way when it was killed may or may not have been written.
      expect([1, 2]).toContain(heir.countOf() - last)
    }
    const inOrder = Array.from({ length: heir.countOf() }, (_, i) => `counter/x={"count":${i + 1}}`)
    expect(heir.applied).toEqual(inOrder)
  }, 60_000)

  test('a write whose answer is lost is made once, whether the broker had stored it or not', async () => {
    const topic = await connections.makeTopic()
    const { kafka } = connections
    const other = await replica(topic)
    const lost = new KafkaError('timeout', 'The end of the transaction')
    let fails: 'before' | 'after' | undefined
    const unlucky = await replica(topic, {
      transact: async (id, work) => {
        const when = fails
        fails = undefined
        if (when === 'before') throw lost
        await kafka.transact(id, work)
        if (when === undefined) return
        // Another decision comes before the next attempt.
        await other.raise()
        throw lost
      },
    })
    for (const when of ['before', 'after', 'after'] as const) {
      fails = when
      await unlucky.raise()
    }
    await unlucky.log.catchUp()
    expect(unlucky.applied).toEqual([1, 2, 3, 4, 5].map((count) => `counter/x={"count":${count}}`))
  })

  test('decisions about different things share transactions; a wrong one among them fails alone', async () => {
    const topic = await connections.makeTopic()
    let transactions = 0
    let fails = true
    const one = await replica(topic, {
      transact: async (id, work) => {
        transactions++
        await connections.kafka.transact(id, work)
        // The answer of the first large group is lost.
        if (transactions === 2 && fails) {
          fails = false
          throw new KafkaError('timeout', 'The end of the transaction')
        }
      },
    })
    const count = 300
    const write = (id: string, value: object) =>
      one.log.write(() => [{ kind: 'counter', id, value }], { reads: ['all'], changes: [id] })
    const results = await Promise.allSettled(
      Array.from({ length: count }, (_, i) => write(`n${i}`, { count: i === 150 ? -1 : i })),
    )
    expect(results.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))).toEqual([150])
    expect(one.applied).toHaveLength(count - 1)
    expect(transactions).toBeLessThan(6)
    // Each of these depends on the one before.
    await Promise.all(Array.from({ length: 5 }, () => one.raise('same')))
    expect(one.countOf('same')).toBe(5)
  })

  test('an error that a retry cannot fix is reported at once', async () => {
    const refused = new KafkaError('not-authorized', 'Writing to the log')
    const one = await replica(await connections.makeTopic(), { transact: () => Promise.reject(refused) })
    await expect(one.raise()).rejects.toBe(refused)
    expect(one.state.size).toBe(0)
  })

  test('a replica that reads slowly reads all earlier entries before it decides', async () => {
    const topic = await connections.makeTopic()
    const { kafka } = connections
    const quick = await replica(topic)
    const slow = await replica(topic, {
      read: (options, handler) =>
        kafka.read(options, async (batch, signal) => {
          await sleep(1000)
          await handler(batch, signal)
        }),
      fetch: async (...place) => {
        await sleep(200)
        return kafka.fetch(...place)
      },
    })
    for (let i = 0; i < 10; i++) await quick.raise()
    expect(slow.countOf()).toBeLessThan(10)
    await slow.raise()
    expect(slow.countOf()).toBe(11)
    await quick.log.catchUp()
    expect(quick.applied).toEqual(slow.applied)
  })
})

function changed(kafka: Kafka, changes: Partial<Kafka>): Kafka {
  return new Proxy(kafka, {
    get: (target, name) => {
      if (name in changes) return changes[name as keyof Kafka]
      const found = target[name as keyof Kafka]
      return typeof found === 'function' ? found.bind(target) : found
    },
  })
}
