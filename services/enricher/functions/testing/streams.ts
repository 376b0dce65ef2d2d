/** A stream that a test creates, writes to and reshards. */
import { NO_HEADERS } from '@weir/kafka'
import {
  beginResharding,
  type Child,
  mergeOf,
  newStream,
  openShards,
  type Shard,
  StreamWriter,
  splitOf,
} from '@weir/streams'
import { uniqueName } from '@weir/testkit'
import { expect, onTestFinished } from 'vitest'
import type { Backends } from './backends.ts'

export interface TestStream {
  readonly name: string
  /** All shards, oldest first. */
  shards(): readonly Shard[]
  /** Creates it, again if it was removed. */
  create(): Promise<void>
  remove(): Promise<void>
  /** Stores values "key:number" under their keys. Returns the id of the shard of each. */
  put(values: readonly string[]): Promise<string[]>
  store(records: readonly { readonly key: string; readonly data: Buffer }[]): Promise<string[]>
  /** Splits its first open shard in the middle of all hash keys. */
  split(): Promise<void>
  /** Merges its first two open shards. */
  merge(): Promise<void>
  /** Makes the partitions of closed shards ready for other shards, as time would. */
  rest(): Promise<void>
}

/** Creates a stream with one shard. */
export async function testStream({
  streams,
  kafka,
}: Pick<Backends, 'streams' | 'kafka'>): Promise<TestStream> {
  const name = uniqueName('stream')
  const producer = await kafka.producer()
  onTestFinished(() => producer.stop())
  const writer = new StreamWriter({ streams, producer })
  const active = () => expect.poll(() => streams.get(name)?.stream.status, { timeout: 20_000 }).toBe('ACTIVE')
  const reshard = async (children: (open: readonly Shard[]) => readonly Child[]): Promise<void> => {
    await streams.change(name, (stream) => beginResharding(stream!, children(openShards(stream!)), null))
    await active()
  }
  const stream: TestStream = {
    name,
    shards: () => streams.get(name)!.stream.shards,
    async create() {
      await streams.change(name, () =>
        newStream(
          { name, mode: 'ON_DEMAND', shards: 1, maxRecordKiB: 1024, tags: {}, external: false },
          Date.now(),
        ),
      )
      await active()
    },
    async remove() {
      await streams.change(name, (found) => ({ ...found!, status: 'DELETING' }))
      await expect.poll(() => streams.get(name), { timeout: 10_000 }).toBeUndefined()
    },
    put: (values) =>
      stream.store(values.map((value) => ({ key: value.split(':')[0], data: Buffer.from(value) }))),
    async store(records) {
      const entries = records.map((record) => ({ ...record, hashKey: undefined }))
      const { fates } = await writer.put(name, entries, { block: NO_HEADERS, end: () => NO_HEADERS.length })
      return fates.map((fate) => {
        if (typeof fate !== 'object') throw new Error(`A record was not stored: ${fate}`)
        return fate.shard.id
      })
    },
    split: () => reshard(([first]) => splitOf(first, 1n << 127n)),
    merge: () => reshard(([lower, upper]) => mergeOf(lower, upper)),
    async rest() {
      await streams.change(name, (found) => ({
        ...found!,
        shards: found!.shards.map((shard) =>
          shard.closedAt === null ? shard : { ...shard, closedAt: shard.closedAt - 120_000 },
        ),
      }))
    },
  }
  await stream.create()
  return stream
}
