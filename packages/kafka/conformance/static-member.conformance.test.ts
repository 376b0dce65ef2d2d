/** A member with a fixed name is restarted, while the others keep their partitions. */
import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test, vi } from 'vitest'
import type { OpenTask, Subscription } from '../port.ts'
import { readBack } from './read-back.ts'
import { append, caughtUp, createTopic, keyText, produceNumbered, valueText } from './records.ts'
import { describeDriver, open } from './suite.ts'
import { EXACT, tally } from './tally.ts'

const PARTITIONS = 6

let brokers: string[]
beforeAll(async () => ({ brokers } = await servers.kafka()))

const partitionsOf = (member: Subscription): number[] =>
  member
    .assignments()
    .map(({ partition }) => partition)
    .sort()

describeDriver('static member', (variant) => {
  test('a restarted member gets its own partitions again, and those of others do not move', async () => {
    const kafka = await open(variant, brokers)
    const input = await createTopic(kafka, uniqueName('static'), PARTITIONS)
    const output = await createTopic(kafka, `${input}-out`, PARTITIONS)
    let opened = 0
    const copy: OpenTask = (partition) => {
      opened++
      return {
        process: (batch, out) => {
          for (let i = 0; i < batch.length; i++)
            append(out, output, partition, keyText(batch, i), valueText(batch, i))
        },
      }
    }
    const join = async (instanceId: string): Promise<Subscription> => {
      const client = await open(variant, brokers, { instanceId })
      return client.transform({ groupId: input, topics: [input], startAt: 'earliest' }, copy)
    }
    let first = await join('first')
    const second = await join('second')
    const shared = (): boolean =>
      [first, second].every((member) => member.ready() && member.assignments().length === PARTITIONS / 2)
    await vi.waitUntil(shared, { timeout: 60_000 })
    await produceNumbered(kafka, input, 12, 50)
    await caughtUp(kafka, input)
    const [own, others] = [partitionsOf(first), partitionsOf(second)]

    opened = 0
    await first.stop()
    expect(partitionsOf(second)).toEqual(others)
    first = await join('first')
    await vi.waitUntil(shared, { timeout: 60_000 })
    expect([partitionsOf(first), partitionsOf(second)]).toEqual([own, others])
    expect(opened).toBe(PARTITIONS / 2)
    await produceNumbered(kafka, input, 12, 50, 50)
    await caughtUp(kafka, input)
    await Promise.all([first.stop(), second.stop()])
    const wanted = Array.from({ length: 12 }, (_, key) =>
      Array.from({ length: 100 }, (_, number) => `key-${key}:${number}`),
    ).flat()
    expect(tally(wanted, await readBack(brokers, output))).toEqual(EXACT)
  })

  test('of two processes with the same member name, one reads and the other is not ready', async () => {
    const kafka = await open(variant, brokers)
    const input = await createTopic(kafka, uniqueName('twins'), 2)
    const seen: string[] = []
    const join = async (): Promise<Subscription> => {
      const client = await open(variant, brokers, { instanceId: 'the same' })
      return client.consume({ groupId: input, topics: [input], startAt: 'earliest' }, (batch) => {
        for (let i = 0; i < batch.length; i++) seen.push(valueText(batch, i))
      })
    }
    const twins = [await join()]
    await vi.waitUntil(() => twins[0].ready() && twins[0].assignments().length === 2, { timeout: 30_000 })
    twins.push(await join())
    const reading = (): Subscription[] =>
      twins.filter((twin) => twin.ready() && twin.assignments().length === 2)
    await produceNumbered(kafka, input, 4, 10)
    await expect.poll(() => new Set(seen).size, { timeout: 30_000 }).toBe(40)
    await expect.poll(() => reading().length, { timeout: 30_000 }).toBe(1)
    const idle = twins.find((twin) => !reading().includes(twin))!
    await expect.poll(() => idle.ready()).toBe(false)
    await Promise.all(twins.map((twin) => twin.stop()))
  })
})
