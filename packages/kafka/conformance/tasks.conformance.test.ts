/** Tasks of partitions: their begin, output by the clock, end, and several inputs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test, vi } from 'vitest'
import type { OpenTask, Position } from '../port.ts'
import { readBack } from './read-back.ts'
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
import { EXACT, tally } from './tally.ts'
import type { Variant } from './variant.ts'

const PARTITIONS = 4

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

async function topics(variant: Variant, name: string) {
  const kafka = await open(variant, brokers)
  const input = await createTopic(kafka, uniqueName(name), PARTITIONS)
  const output = await createTopic(kafka, `${input}-out`, PARTITIONS)
  return { kafka, input, output, group: { groupId: input, startAt: 'earliest' as const } }
}

// Longer than a transaction may be open at the coordinator, and than a member may be silent.
const SLOW_MS = 20_000

testTogether(
  'a slow task keeps no transaction open and delays no other partition',
  async (variant, after) => {
    const kafka = await open(variant, brokers, {}, after)
    const input = await createTopic(kafka, uniqueName('slow'), PARTITIONS)
    const output = await createTopic(kafka, `${input}-out`, 1)
    const producer = await kafka.producer()
    after(() => producer.stop())
    const write = async (partition: number, value: string): Promise<void> => {
      const delivery = producer.delivery()
      append(delivery, input, partition, null, value)
      await stored(delivery)
    }
    const calls: string[] = []
    let ticks = 0
    const copy: OpenTask = (partition) => ({
      process: async (batch, out) => {
        append(out, output, 0, 'first', values(batch).join())
        calls.push(...values(batch))
        if (partition === 0) await sleep(SLOW_MS)
        append(out, output, 0, 'last', values(batch).join())
      },
      tick: () => {
        if (partition === 2) ticks++
      },
    })
    const group = { groupId: input, topics: [input], startAt: 'earliest' as const }
    const member = await kafka.transform(group, copy)
    after(() => member.stop())
    const seen: string[] = []
    const options = { topics: [output], from: 'earliest', until: 'stopped' } as const
    const reading = await kafka.read(options, (batch) => void seen.push(...values(batch)))
    after(() => reading.stop())

    await write(0, 'slow')
    await vi.waitUntil(() => calls.includes('slow'), { timeout: 20_000 })
    const [begun, ticksBefore] = [Date.now(), ticks]
    for (let number = 0; Date.now() - begun < SLOW_MS - 2000; number++) {
      await write(1, `quick:${number}`)
      await vi.waitUntil(() => seen.filter((value) => value === `quick:${number}`).length === 2, {
        timeout: 5000,
      })
      await sleep(200)
    }
    expect(ticks - ticksBefore).toBeGreaterThan(SLOW_MS / 1000)
    expect(seen).not.toContain('slow')
    await vi.waitUntil(() => seen.filter((value) => value === 'slow').length === 2, { timeout: 20_000 })
    expect(calls.filter((call) => call === 'slow')).toEqual(['slow'])
    await caughtUp(kafka, input)
  },
)

describeDriver('tasks', (variant) => {
  test('a task begins at the committed position, begins again after a failure, and is ended', async () => {
    const { kafka, input, output, group } = await topics(variant, 'task')
    await produceNumbered(kafka, input, 1, 50)
    const calls: string[] = []
    let failures = 0
    const counting = (): OpenTask => (partition) => {
      let position = -1
      return {
        begin: ([at]) => {
          expect(at).toMatchObject({ topic: input, partition } satisfies Partial<Position>)
          position = at.offset
          calls.push(`begin ${partition} ${position}`)
        },
        process: (batch, out) => {
          expect(batch.offsets[0]).toBe(position)
          for (let i = 0; i < batch.length; i++)
            append(out, output, partition, keyText(batch, i), valueText(batch, i))
          if (position >= 20 && failures++ < 2) throw new Error('not yet')
          position = batch.nextOffset
        },
        end: () => void calls.push(`end ${partition}`),
      }
    }
    const options = { ...group, topics: [input], maxBatchRecords: 20 }
    const member = await kafka.transform(options, counting())
    await caughtUp(kafka, input)
    await member.stop()
    expect(calls.filter((call) => / 20$/.test(call)).length).toBe(2)
    expect(calls.filter((call) => call.startsWith('end')).sort()).toEqual([
      'end 0',
      'end 1',
      'end 2',
      'end 3',
    ])

    calls.length = 0
    const next = await kafka.transform(options, counting())
    await vi.waitUntil(() => calls.length === PARTITIONS, { timeout: 30_000 })
    await next.stop()
    expect(calls.filter((call) => / 50$/.test(call)).length).toBe(1)
    const wanted = Array.from({ length: 50 }, (_, i) => `key-0:${i}`)
    expect(tally(wanted, await readBack(brokers, output))).toEqual(EXACT)
  })

  test('output that a task writes by the clock becomes visible once, without another record', async () => {
    const { kafka, input, output, group } = await topics(variant, 'tick')
    await produceNumbered(kafka, input, 8, 10)
    const copy: OpenTask = (partition) => {
      let waiting: { key: string; value: string }[] = []
      let failed = false
      return {
        begin: () => {
          waiting = []
        },
        process: (batch) => {
          for (let i = 0; i < batch.length; i++)
            waiting.push({ key: keyText(batch, i), value: valueText(batch, i) })
        },
        tick: (now, out) => {
          expect(Math.abs(Date.now() - now)).toBeLessThan(1000)
          if (waiting.length === 0) return
          append(out, output, partition, `count-${partition}`, `count-${partition}:${waiting.length}`)
          if (!failed && partition === 0) {
            failed = true
            throw new Error('the first one fails')
          }
          waiting = []
        },
      }
    }
    const member = await kafka.transform({ ...group, topics: [input] }, copy)
    await caughtUp(kafka, input)
    await expect
      .poll(
        async () => {
          const counts = (await readBack(brokers, output)).map(({ value }) =>
            Number(`${value}`.split(':')[1]),
          )
          return counts.reduce((sum, count) => sum + count, 0)
        },
        { timeout: 30_000, interval: 500 },
      )
      .toBe(80)
    await member.stop()
  })

  test('a task of several topics has the same partition of each, even during rebalances', async () => {
    const { kafka, input: left, output, group } = await topics(variant, 'left')
    const right = await createTopic(kafka, left.replace('left', 'right'), PARTITIONS)
    const running = new Map<number, number>()
    /** Counts the tasks of each partition that are open at a time, and copies both inputs. */
    const join: OpenTask = (partition) => {
      running.set(partition, (running.get(partition) ?? 0) + 1)
      let busy = false
      return {
        begin: (positions) => expect(positions.map(({ topic }) => topic)).toEqual([left, right]),
        process: async (batch, out) => {
          expect(batch.partition).toBe(partition)
          expect(busy).toBe(false)
          busy = true
          await sleep(1)
          const side = batch.topic === left ? 'left' : 'right'
          for (let i = 0; i < batch.length; i++)
            append(out, output, partition, `${side}-${keyText(batch, i)}`, `${side}-${valueText(batch, i)}`)
          busy = false
        },
        end: () => void running.set(partition, running.get(partition)! - 1),
      }
    }
    const options = { ...group, topics: [left, right], maxBatchRecords: 10 }
    const first = await kafka.transform(options, join)
    await vi.waitUntil(() => first.ready() && first.assignments().length === 2 * PARTITIONS, {
      timeout: 30_000,
    })
    const other = await open(variant, brokers)
    const writing = (async () => {
      for (let round = 0; round < 10; round++) {
        for (const topic of [left, right]) await produceNumbered(kafka, topic, 8, 20, 20 * round)
        await sleep(100)
      }
    })()
    await sleep(300)
    const second = await other.transform(options, join)
    await vi.waitUntil(
      () => [first, second].every((member) => member.ready() && member.assignments().length === PARTITIONS),
      { timeout: 60_000 },
    )
    for (const member of [first, second]) {
      const numbers = (topic: string) =>
        member
          .assignments()
          .filter((at) => at.topic === topic)
          .map(({ partition }) => partition)
          .sort()
      expect(numbers(left)).toEqual(numbers(right))
    }
    await first.stop()
    await writing
    await caughtUp(kafka, left, 60_000)
    await second.stop()
    expect([...running.values()]).toEqual([0, 0, 0, 0])
    const wanted = ['left', 'right'].flatMap((side) =>
      Array.from({ length: 8 }, (_, key) =>
        Array.from({ length: 200 }, (_, number) => `${side}-key-${key}:${number}`),
      ).flat(),
    )
    expect(tally(wanted, await readBack(brokers, output))).toEqual(EXACT)
  }, 120_000)

  test('a task that failed at a record of one topic begins again before it gets anything of another', async () => {
    const { kafka, input: left, output, group } = await topics(variant, 'failing')
    const right = await createTopic(kafka, `${left}-right`, PARTITIONS)
    const unknown: string[] = []
    let failures = 0
    const failing: OpenTask = (partition) => {
      let hasFailed = false
      const look = (what: string): void => {
        if (hasFailed) unknown.push(`${what} of ${partition}`)
      }
      return {
        begin: () => void (hasFailed = false),
        process: (batch, out) => {
          look(batch.topic === left ? 'left' : 'right')
          for (let i = 0; i < batch.length; i++)
            append(
              out,
              output,
              partition,
              null,
              `${batch.topic === left ? 'left' : 'right'}-${valueText(batch, i)}`,
            )
          if (batch.topic !== left || Math.random() < 0.5) return
          failures++
          hasFailed = true
          throw new Error('not yet')
        },
        tick: () => look('tick'),
      }
    }
    const options = { ...group, topics: [left, right], maxBatchRecords: 10 }
    const member = await kafka.transform(options, failing)
    for (let round = 0; round < 20; round++) {
      for (const topic of [left, right]) await produceNumbered(kafka, topic, 8, 2, 2 * round)
      await sleep(50)
    }
    await caughtUp(kafka, left, 60_000)
    await member.stop()
    expect(failures).toBeGreaterThan(5)
    expect(unknown).toEqual([])
    const numbers = Array.from({ length: 40 }, (_, number) => number)
    const wanted = ['left', 'right'].flatMap((side) =>
      Array.from({ length: 8 }, (_, key) => numbers.map((number) => `${side}-key-${key}:${number}`)).flat(),
    )
    expect(tally(wanted, await readBack(brokers, output))).toEqual(EXACT)
  }, 120_000)

  test('topics with different numbers of partitions are not transformed together', async () => {
    const { kafka, input, group } = await topics(variant, 'counts')
    const other = await createTopic(kafka, `${input}-other`, PARTITIONS + 1)
    await expect(
      kafka.transform(
        { ...group, topics: [input, other] },
        processing(() => {}),
      ),
    ).rejects.toMatchObject({
      code: 'partition-mismatch',
      message: expect.stringContaining(`${other} has 5`),
    })
  })
})
