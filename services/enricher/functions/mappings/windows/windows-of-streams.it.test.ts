/** Tumbling windows over a stream that is resharded while it is written and read. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { NO_HEADERS } from '@weir/kafka'
import {
  beginResharding,
  type Child,
  mergeOf,
  newStream,
  openShards,
  StreamWriter,
  splitOf,
} from '@weir/streams'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Backends, openBackends } from '../../testing/backends.ts'
import { functionOf, mappingOf, startHost } from '../../testing/hosting.ts'

const TUMBLING_MS = 2000

let backends: Backends['backends']
let kafka: Backends['kafka']
let streams: Backends['streams']
let stop: () => Promise<void>
beforeAll(async () => ({ backends, kafka, streams, stop } = await openBackends()))
afterAll(() => stop())

interface ClosedWindow {
  readonly shard: string
  readonly start: number
  readonly records: readonly { readonly value: string; readonly arrivedAt: number }[]
}

/** Keeps the records of a window in its state, and posts them when the window closes. */
const collecting = (address: string): string => `
  export const handler = async ({ Records, state, window, shardId, isFinalInvokeForWindow }) => {
    const own = Records.map(({ kinesis }) => ({
      value: Buffer.from(kinesis.data, 'base64').toString(),
      arrivedAt: Math.round(kinesis.approximateArrivalTimestamp * 1000),
    }))
    const records = [...(state.records ?? []), ...own]
    if (isFinalInvokeForWindow)
      await fetch('${address}', { method: 'POST', body: JSON.stringify({ shard: shardId, start: Date.parse(window.start), records }) })
    return { state: { records } }
  }`

test('every record is in exactly one window of its shard, through a split, a merge and a restart', async () => {
  const closed: ClosedWindow[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    closed.push(JSON.parse(text))
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

  const name = uniqueName('stream')
  await streams.change(name, () =>
    newStream(
      { name, mode: 'PROVISIONED', shards: 1, maxRecordKiB: 1024, tags: {}, external: false },
      Date.now(),
    ),
  )
  const active = () => expect.poll(() => streams.get(name)?.stream.status, { timeout: 20_000 }).toBe('ACTIVE')
  await active()

  const producer = await kafka.producer()
  onTestFinished(() => producer.stop())
  const writer = new StreamWriter({ streams, producer })
  const [written, shardOf] = [[] as string[], new Map<string, string>()]
  const writing = new AbortController()
  const done = (async () => {
    for (; !writing.signal.aborted; await sleep(50)) {
      const entries = Array.from({ length: 10 }, (_, i) => ({
        key: `key-${i}`,
        data: Buffer.from(`key-${i}:${written.length + i}`),
        hashKey: undefined,
      }))
      const { fates } = await writer.put(name, entries, { block: NO_HEADERS, end: () => NO_HEADERS.length })
      for (const [i, { data }] of entries.entries()) {
        const fate = fates[i]
        if (typeof fate !== 'object') throw new Error(`Not stored: ${fate}`)
        written.push(String(data))
        shardOf.set(String(data), fate.shard.id)
      }
    }
  })()
  const options = {
    ...backends,
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
  const reshard = async (children: () => readonly Child[]): Promise<void> => {
    await sleep(2500)
    await streams.change(name, (stream) => beginResharding(stream!, children(), null))
    await active()
  }
  const open = () => openShards(streams.get(name)!.stream)
  await reshard(() => splitOf(open()[0], 1n << 127n))
  await sleep(1000)
  await host.stop()
  host = await startHost(options)
  await reshard(() => mergeOf(open()[0], open()[1]))
  await sleep(2500)
  writing.abort()
  await done

  const values = () => closed.flatMap(({ records }) => records.map(({ value }) => value))
  await expect.poll(() => values().length, { timeout: 30_000 }).toBe(written.length)
  expect(values().sort()).toEqual([...written].sort())
  expect(new Set(closed.map(({ shard }) => shard)).size).toBe(4)
  const last = new Map<string, number>()
  for (const { shard, start, records } of closed)
    for (const { value, arrivedAt } of records) {
      expect(shard).toBe(shardOf.get(value))
      expect(Math.floor(arrivedAt / TUMBLING_MS) * TUMBLING_MS).toBe(start)
      // The windows of a shard are closed before those of its children, so keys stay in order.
      const [key, n] = value.split(':')
      expect(Number(n)).toBeGreaterThan(last.get(key) ?? -1)
      last.set(key, Number(n))
    }
}, 120_000)
