/** Tumbling windows over a stream that is resharded while it is written and read. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { collector } from '../../testing/collector.ts'
import { functionOf, mappingOf, startHost } from '../../testing/hosting.ts'
import { expectKeysInOrder, useMappings } from '../../testing/mappings.ts'
import { testStream } from '../../testing/streams.ts'

const TUMBLING_MS = 2000
const { opened } = useMappings()

interface ClosedWindow {
  readonly shard: string
  readonly start: number
  readonly records: readonly { readonly value: string; readonly arrivedAt: number }[]
}

/** Keeps the records of a window in its state, and posts them when the window closes. */
const collecting = (address: string): string => `
  export const handler = async ({ Records, state, window, shardId: shard, isFinalInvokeForWindow }) => {
    const own = Records.map(({ kinesis }) => ({
      value: Buffer.from(kinesis.data, 'base64').toString(),
      arrivedAt: Math.round(kinesis.approximateArrivalTimestamp * 1000),
    }))
    const records = [...(state.records ?? []), ...own]
    const closed = { shard, start: Date.parse(window.start), records }
    if (isFinalInvokeForWindow) await fetch('${address}', { method: 'POST', body: JSON.stringify(closed) })
    return { state: { records } }
  }`

test('every record is in exactly one window of its shard, through a split, a merge and a restart', async () => {
  const { posted: closed, address } = await collector<ClosedWindow>(onTestFinished)
  const stream = await testStream(opened())
  const shardOf = new Map<string, string>()
  const writing = new AbortController()
  const written = (async () => {
    for (; !writing.signal.aborted; await sleep(50)) {
      const values = Array.from({ length: 10 }, (_, i) => `key-${i}:${shardOf.size + i}`)
      for (const [i, shard] of (await stream.put(values)).entries()) shardOf.set(values[i], shard)
    }
  })()
  const { name } = stream
  const options = {
    ...opened().backends,
    definitions: [functionOf('collect', collecting(address))],
    mappings: [
      mappingOf(
        name,
        'collect',
        { kind: 'kinesis', stream: name },
        { batchSize: 7, tumblingMs: TUMBLING_MS },
      ),
    ],
  }
  let host = await startHost(options)
  onTestFinished(async () => void (await host.stop()))
  await sleep(2500)
  await stream.split()
  await sleep(1000)
  await host.stop()
  host = await startHost(options)
  await sleep(2500)
  await stream.merge()
  await sleep(2500)
  writing.abort()
  await written

  const values = () => closed.flatMap(({ records }) => records.map(({ value }) => value))
  await expect.poll(() => values().length, { timeout: 30_000 }).toBe(shardOf.size)
  expect(values().sort()).toEqual([...shardOf.keys()].sort())
  expect(new Set(closed.map(({ shard }) => shard)).size).toBe(4)
  // The windows of a shard are closed before those of its children.
  expectKeysInOrder(values())
  for (const { shard, start, records } of closed)
    for (const { value, arrivedAt } of records) {
      expect(shard).toBe(shardOf.get(value))
      expect(Math.floor(arrivedAt / TUMBLING_MS) * TUMBLING_MS).toBe(start)
    }
}, 120_000)
