/** Tumbling windows of mappings in processes that are killed, and beside functions that are slow. */
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeValue, keyOf, NO_HEADERS, partitionOfKey, valueOf, writeRecord } from '@weir/kafka'
import type { Logger } from '@weir/service'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from 'vitest'
import { type Backends, openBackends } from '../../testing/backends.ts'
import { collector } from '../../testing/collector.ts'
import { functionOf, mappingOf, startHost } from '../../testing/hosting.ts'
import { MAX_STATE_BYTES, type WindowState } from './tumbling-windows.ts'
import { openWindowStates, type WindowStates } from './window-states.ts'

const LONG = process.env.WEIR_FAULTS === 'long'
const KILLS = LONG ? 40 : 5
/** Longer than the coordinator lets a transaction be open. */
const SLOW_MS = LONG ? 60_000 : 20_000
const TOPIC = 'weir.functions.windows'

let backends: Backends['backends']
let kafka: Backends['kafka']
let codec: Backends['codec']
let stop: () => Promise<void>
beforeAll(async () => ({ backends, kafka, codec, stop } = await openBackends()))
afterAll(() => stop())

/** The records of a window up to an invocation: their offsets are `from` to `to`. */
interface Seen {
  readonly from: number
  readonly to: number
  readonly count: number
  readonly sum: number
}

interface Closed extends Seen {
  readonly partition: number
  readonly start: number
}

/** Adds up the values of a window. Posts the sum to the test before the last invocation returns. */
const summing = (address: string, before = ''): string => `
  export const handler = async ({ records, state, window, shardId, isFinalInvokeForWindow }) => {
    const list = Object.values(records).flat()
    const values = list.map(({ value }) => Number(Buffer.from(value, 'base64')))
    ${before}
    if (isFinalInvokeForWindow) {
      const closed = { ...state, partition: Number(shardId.split('-').at(-1)), start: Date.parse(window.start) }
      await fetch('${address}', { method: 'POST', body: JSON.stringify(closed) })
    }
    if (list.length === 0) return { state }
    return {
      state: {
        from: state.from ?? list[0].offset,
        to: list.at(-1).offset,
        count: (state.count ?? 0) + list.length,
        sum: values.reduce((sum, value) => sum + value, state.sum ?? 0),
      },
    }
  }`

/** A topic whose records have the values that were written here, in the order of their offsets. */
async function source(partitions: number, after: TestContext['onTestFinished']) {
  const name = uniqueName('windows')
  const configs = { 'message.timestamp.type': 'LogAppendTime' }
  await kafka.admin.createTopics([{ name, partitions, replicas: -1, configs }])
  const producer = await kafka.producer()
  after(() => producer.stop())
  const written = Array.from({ length: partitions }, (): number[] => [])
  const write = async (partition: number, count: number): Promise<void> => {
    const delivery = producer.delivery()
    for (let i = 0; i < count; i++) {
      const number = Math.floor(Math.random() * 1000)
      const value = Buffer.from(String(number))
      delivery.append(name, partition, null, 0, 0, value, 0, value.length, NO_HEADERS, 0, NO_HEADERS.length)
      written[partition].push(number)
    }
    expect(await delivery.settled()).toEqual([])
  }
  return { name, written, write }
}

type Entry = (Seen & { readonly start: number }) | undefined

/** The windows of a mapping as they were committed, by partition. */
async function committed(mapping: string, partitions: number): Promise<Entry[][]> {
  const reader = await codec.reader(TOPIC)
  const found = Array.from({ length: partitions }, (): Entry[] => [])
  const options = { topics: [TOPIC], from: 'earliest', until: 'end' } as const
  const reading = await kafka.read(options, async (batch) => {
    await reader.prepare(batch)
    for (let i = 0; i < batch.length; i++) {
      const [id, partition] = String(keyOf(batch, i)).split('/')
      if (id !== mapping) continue
      const value =
        valueOf(batch, i) === null
          ? undefined
          : reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i])
      found[Number(partition)].push(value && { start: Number(value.start), ...JSON.parse(value.state) })
    }
  })
  await reading.done
  return found
}

/** The arrival time of each record, by partition. */
async function arrivals(topic: string, partitions: number): Promise<number[][]> {
  const found = Array.from({ length: partitions }, (): number[] => [])
  const options = { topics: [topic], from: 'earliest', until: 'end' } as const
  const reading = await kafka.read(options, (batch) => {
    found[batch.partition].push(...batch.timestamps.subarray(0, batch.length))
  })
  await reading.done
  return found
}

/** The same sum, computed from the written records. */
function summed(values: readonly number[], from: number, to: number): Seen {
  const own = values.slice(from, to + 1)
  return { from, to, count: own.length, sum: own.reduce((sum, value) => sum + value, 0) }
}

/**
 * Returns closed windows that have each record of `from` to `until` (exclusive) once, or undefined if there
 * are none. Invocations that were not committed were made again, so there may be several for one record.
 */
function tiles(closed: readonly Closed[], from: number, until: number): Closed[] | undefined {
  if (from === until) return []
  for (const tile of closed) {
    if (tile.from !== from || tile.to >= until) continue
    const rest = tiles(closed, tile.to + 1, until)
    if (rest !== undefined) return [tile, ...rest]
  }
  return undefined
}

/** Checks the windows of a partition, from the first record to the last, and returns those that were closed. */
function windowsOf(
  history: readonly Entry[],
  closed: readonly Closed[],
  values: readonly number[],
): Closed[] {
  const all: Closed[] = []
  let open: Entry
  const closeUntil = (end: number): void => {
    const from = (all.at(-1)?.to ?? -1) + 1
    const found = tiles(closed, from, end)
    expect(found, `records ${from} to ${end - 1} are in closed windows`).toBeDefined()
    if (open !== undefined) expect(found![0].to).toBeGreaterThanOrEqual(open.to)
    all.push(...found!)
  }
  for (const entry of history) {
    if (entry === undefined) continue
    expect(entry).toMatchObject(summed(values, entry.from, entry.to))
    if (entry.from !== open?.from || entry.start !== open.start) closeUntil(entry.from)
    open = entry
  }
  expect(history.at(-1)).toBeUndefined()
  closeUntil(values.length)
  return all
}

describe.concurrent('tumbling windows', () => {
  test('have a state that every replica reads as committed, unless it is damaged', async ({
    onTestFinished: after,
  }) => {
    const warnings: string[] = []
    const log = { warn: (_details: object, message: string) => void warnings.push(message) } as Logger
    const open = async (): Promise<WindowStates> => {
      const { value, stop: close } = await openWindowStates({ kafka, codec, log })
      after(() => close(0))
      return value
    }
    const [one, other] = [await open(), await open()]
    const mapping = uniqueName('mapping')
    const { signal } = new AbortController()
    const append = (partition: number, state: WindowState | undefined): Promise<void> =>
      kafka.transact(mapping, (out) => one.append(out, mapping, partition, state))
    const large = { start: 1_764_014_400_000, offset: 7, state: { text: 'x'.repeat(MAX_STATE_BYTES - 11) } }
    await append(0, large)
    await append(1, { ...large, state: null })
    expect(await other.read(mapping, 0, signal)).toEqual(large)
    expect(await other.read(mapping, 1, signal)).toEqual({ ...large, state: null })
    await append(1, undefined)
    expect(await other.read(mapping, 1, signal)).toBeUndefined()

    const [writer, producer] = [await codec.writer(TOPIC), await kafka.producer()]
    after(() => producer.stop())
    const partitions = await kafka.partitions(TOPIC)
    const bad = [{ mapping: 'another' }, { start: 9e15 }, { offset: 0 }, { partition: 5 }]
    const written = { mapping, partition: 2, start: 0, offset: 1, state: '{' }
    for (const change of [...bad, {}]) {
      const key = `${mapping}/2`
      const value = encodeValue(writer, { ...written, ...change })
      await writeRecord(producer, { topic: TOPIC, partition: partitionOfKey(key, partitions), key, value })
    }
    expect(await other.read(mapping, 2, signal)).toBeUndefined()
    expect(warnings).toContain('the state of a window cannot be read and is left out')

    await other.remove(mapping)
    for (const partition of [0, 1, 2]) expect(await one.read(mapping, partition, signal)).toBeUndefined()
  })

  test(
    'have every record in one closed window, however often hosts are killed',
    async ({ onTestFinished: after }) => {
      const [partitions, tumblingMs] = [4, 2000]
      // So that most kills hit invocations.
      const pausing = 'await new Promise((resolve) => setTimeout(resolve, 200 * Math.random()))'
      const { posted: closed, address } = await collector<Closed>(after)
      const { name, written, write } = await source(partitions, after)
      const options = {
        ...backends,
        definitions: [functionOf('sum', summing(address, pausing))],
        mappings: [mappingOf(name, 'sum', { kind: 'kafka', topic: name }, { batchSize: 20, tumblingMs })],
      }
      const hosts = [startHost(options), startHost(options)]
      after(async () => void (await Promise.all(hosts.map(async (host) => (await host).stop()))))
      const writing = new AbortController()
      const all = Array.from({ length: partitions }, (_, partition) => partition)
      const writers = all.map(async (partition) => {
        for (; !writing.signal.aborted; await sleep(20 + Math.random() * 60))
          await write(partition, 1 + Math.floor(Math.random() * 5))
      })
      for (let kill = 0; kill < KILLS; kill++) {
        const host = await hosts[kill % 2]
        await sleep(1000 + Math.random() * 1500)
        await host.kill()
        hosts[kill % 2] = startHost(options)
      }
      writing.abort()
      await Promise.all(writers)
      const isOver = async (): Promise<boolean> => {
        const lags = await kafka.admin.lag(`weir.mapping.${name}`)
        const histories = await committed(name, partitions)
        return lags.every(({ lag }) => lag === 0) && histories.every((one) => one.at(-1) === undefined)
      }
      await vi.waitUntil(isOver, { timeout: 90_000, interval: 500 })

      const [histories, times] = [await committed(name, partitions), await arrivals(name, partitions)]
      let windows = 0
      for (const partition of all) {
        const own = closed.filter((one) => one.partition === partition)
        const found = windowsOf(histories[partition], own, written[partition])
        for (const { start, ...seen } of found) {
          expect(seen).toMatchObject(summed(written[partition], seen.from, seen.to))
          for (const time of times[partition].slice(seen.from, seen.to + 1))
            expect(Math.floor(time / tumblingMs) * tumblingMs).toBe(start)
        }
        windows += found.length
      }
      expect(windows).toBeGreaterThan(2 * partitions)
    },
    LONG ? 600_000 : 240_000,
  )

  test('are closed by the clock in another replica if theirs has died', async ({ onTestFinished: after }) => {
    const { posted: closed, address } = await collector<Closed>(after)
    const { name, written, write } = await source(2, after)
    const options = {
      ...backends,
      definitions: [functionOf('sum', summing(address))],
      mappings: [mappingOf(name, 'sum', { kind: 'kafka', topic: name }, { tumblingMs: 8000 })],
    }
    const [dying, other] = await Promise.all([startHost(options), startHost(options)])
    after(async () => void (await other.stop()))
    const both = async (): Promise<boolean> =>
      (await committed(name, 2)).every((history) => (history.at(-1)?.count ?? 0) > 0)
    while (Date.now() % 8000 > 2000) await sleep(50)
    await Promise.all([write(0, 50), write(1, 50)])
    await vi.waitUntil(both, { timeout: 5000 })
    await dying.kill()
    await vi.waitUntil(() => closed.length === 2, { timeout: 80_000 })
    for (const { partition, ...seen } of closed) expect(seen).toMatchObject(summed(written[partition], 0, 49))
  }, 120_000)

  test('with a slow function delay neither another partition nor another mapping', async ({
    onTestFinished: after,
  }) => {
    const { posted: closed, address } = await collector<Closed>(after)
    const elsewhere = await collector<Closed>(after)
    const { name, written, write } = await source(2, after)
    const slow = `if (list.some((record) => record.partition === 0)) await new Promise((resolve) => setTimeout(resolve, ${SLOW_MS}))`
    const input = { kind: 'kafka', topic: name } as const
    const host = await startHost({
      ...backends,
      definitions: [
        functionOf('slow', summing(address, slow), { timeoutMs: 2 * SLOW_MS }),
        functionOf('quick', summing(elsewhere.address)),
      ],
      mappings: [
        mappingOf(`${name}-slow`, 'slow', input, { tumblingMs: 1000 }),
        mappingOf(`${name}-quick`, 'quick', input, { tumblingMs: 1000 }),
      ],
    })
    after(async () => void (await host.stop()))
    await write(0, 10)
    const until = Date.now() + SLOW_MS - 5000
    for (; Date.now() < until; await sleep(200)) await write(1, 5)
    // The first partition still waits for its one invocation; all others are at most a window behind.
    expect((await committed(`${name}-slow`, 2))[0]).toEqual([])
    for (const found of [closed, elsewhere.posted]) {
      const newest = found.filter(({ partition }) => partition === 1).at(-1)!
      expect(Date.now() - newest.start).toBeLessThan(10_000)
      expect(found.filter(({ partition }) => partition === 1).length).toBeGreaterThan(8)
    }
    const late = () => closed.filter(({ partition }) => partition === 0)
    await vi.waitUntil(() => late().length > 0, { timeout: 20_000 })
    expect(late()).toMatchObject([summed(written[0], 0, 9)])
  }, 120_000)
})
