/**
 * Puts records into streams: each goes to the open shard of its key, and its outcome is reported when the
 * brokers have answered.
 */
import { type Delivery, KafkaError, type Producer } from '@weir/kafka'
import { within } from '@weir/timing'
import type { Serving } from './serving.ts'
import type { Shard } from './stream.ts'
import type { Streams } from './streams.ts'

/**
 * How long records wait while the shard of one of them is being closed (ms): longer than closing takes if a
 * replica has died.
 */
const RESHARDING_MS = 10_000
/** How long the brokers may take (ms). A record that is not known to be stored by then has failed. */
const SETTLE_MS = 10_000
/** The most bytes of a partition key: 256 characters (service model of Kinesis). */
const MAX_KEY_BYTES = 256 * 3

export interface StreamEntry {
  readonly data: Buffer
  readonly key: string
  /** Overrides the key's own hash; 0 to 2^128 - 1. */
  readonly hashKey: bigint | undefined
}

/**
 * The outcome of a record: where it is stored and when it arrived (ms since the epoch), or why it was not
 * stored. `failed` means that it is not known to be stored.
 */
export type Fate =
  | { readonly shard: Shard; readonly offset: number; readonly time: number }
  | 'throttled'
  | 'failed'

export interface PutResult {
  readonly serving: Serving
  /** One for each entry. */
  readonly fates: readonly Fate[]
  /** For each entry, the index of its shard in serving.routing.shards. */
  readonly routes: Int32Array
  /** The brokers' error for a record that failed. */
  readonly error: KafkaError | undefined
}

/**
 * `no-stream`: there is no stream of that name, or not yet. `unavailable`: this replica may not know the
 * shards. `resharding`: a resharding took too long. The last two can pass.
 */
export class PutError extends Error {
  override readonly name = 'PutError'
  readonly code: 'no-stream' | 'unavailable' | 'resharding'
  /** Whether the same call can succeed later without anyone intervening. */
  readonly retriable: boolean

  constructor(code: PutError['code'], message: string) {
    super(message)
    this.code = code
    this.retriable = code !== 'no-stream'
  }
}

export interface StreamWriterOptions {
  readonly streams: Pick<Streams, 'get' | 'leased'>
  readonly producer: Producer
  /** Whether the shard takes a record of `bytes` bytes now. If not given, every shard takes every record. */
  admit?(serving: Serving, shard: Shard, bytes: number): boolean
}

interface EntryHeaders {
  readonly block: Buffer
  end(i: number): number
}

type Routed = Pick<PutResult, 'serving' | 'routes'>

interface Appended extends Routed {
  readonly delivery: Delivery
  readonly fates: Fate[]
  /** For each entry, the index of its shard if it was appended, otherwise -1. */
  readonly appended: Int32Array
  /** Why some of them were not appended. */
  readonly refusal: KafkaError | undefined
}

/** Shared by all calls: a key is written and appended without yielding in between. */
const keys = Buffer.allocUnsafeSlow(MAX_KEY_BYTES)

export class StreamWriter {
  readonly #streams: Pick<Streams, 'get' | 'leased'>
  readonly #producer: Producer
  readonly #admit: (serving: Serving, shard: Shard, bytes: number) => boolean

  constructor({ streams, producer, admit = () => true }: StreamWriterOptions) {
    this.#streams = streams
    this.#producer = producer
    this.#admit = admit
  }

  /**
   * Resolves when every record is stored or has failed. Rejects with a PutError if nothing was sent. The
   * entries are released once they are appended.
   * @param headers gives the header block of entry i, from 0 up to the returned end; it is read before the
   * next call
   */
  put(name: string, entries: readonly StreamEntry[], headers: EntryHeaders): Promise<PutResult> {
    return this.#route(name, entries).then((routed) => this.#settle(this.#append(routed, entries, headers)))
  }

  /** Enters the serving; #settle leaves it. */
  #append({ serving, routes }: Routed, entries: readonly StreamEntry[], headers: EntryHeaders): Appended {
    const {
      stream: { topic },
      routing: { shards },
    } = serving
    const delivery = this.#producer.delivery()
    const fates: Fate[] = new Array(entries.length).fill('failed')
    const appended = new Int32Array(entries.length).fill(-1)
    let refusal: KafkaError | undefined
    serving.enter()
    try {
      for (let i = 0; i < entries.length; i++) {
        const { data, key } = entries[i]
        const shard = shards[routes[i]]
        const keyEnd = keys.write(key)
        if (refusal !== undefined || !this.#admit(serving, shard, data.length + keyEnd)) {
          fates[i] = 'throttled'
          continue
        }
        try {
          delivery.append(
            topic,
            shard.partition,
            keys,
            0,
            keyEnd,
            data,
            0,
            data.length,
            headers.block,
            0,
            headers.end(i),
          )
          appended[i] = routes[i]
        } catch (error) {
          if (!(error instanceof KafkaError)) throw error
          // Later records must not overtake this one.
          refusal = error
          fates[i] = error.code === 'buffer-full' ? 'throttled' : 'failed'
        }
      }
    } catch (error) {
      serving.leave()
      throw error
    }
    return { serving, routes, delivery, fates, appended, refusal }
  }

  /**
   * A separate method that does not hold the entries: while it waits, each young-generation collection would
   * copy them.
   */
  async #settle({ serving, routes, delivery, fates, appended, refusal }: Appended): Promise<PutResult> {
    try {
      const error = (await settled(delivery, serving.stream.topic)) ?? refusal
      // Without the lease, a shard may have been closed below the records just stored there, and nobody would
      // read them.
      if (this.#streams.leased) note(delivery, appended, serving.routing.shards, fates)
      return { serving, fates, routes, error }
    } finally {
      serving.leave()
    }
  }

  /** Finds the shard of each record. While one of them is being closed, all wait for its children. */
  async #route(name: string, entries: readonly StreamEntry[]): Promise<Routed> {
    const routes = new Int32Array(entries.length)
    const deadline = performance.now() + RESHARDING_MS
    for (;;) {
      const serving = this.#streams.get(name)
      if (
        serving === undefined ||
        serving.stream.status === 'CREATING' ||
        serving.stream.status === 'DELETING'
      ) {
        throw new PutError('no-stream', `Stream ${name} does not exist.`)
      }
      if (!this.#streams.leased)
        throw new PutError(
          'unavailable',
          'The shards of the streams are uncertain at the moment; repeat the request.',
        )
      const { ofKey, ofHashKey, closing } = serving.routing
      let waits = false
      for (let i = 0; i < entries.length; i++) {
        const { key, hashKey } = entries[i]
        routes[i] = hashKey === undefined ? ofKey(key) : ofHashKey(hashKey)
        if (closing[routes[i]]) waits = true
      }
      if (!waits) return { serving, routes }
      const left = deadline - performance.now()
      if (left <= 0)
        throw new PutError('resharding', `Stream ${name} is being resharded; repeat the request.`)
      await within(left, serving.changed, () => {})
    }
  }
}

async function settled(delivery: Delivery, topic: string): Promise<KafkaError | undefined> {
  const failures = await within(SETTLE_MS, delivery.settled(), () => undefined)
  return failures === undefined ? new KafkaError('timeout', `Writing to ${topic}`) : failures[0]?.error
}

/**
 * Notes where records were stored. A delivery's ranges are by partition, in the order of its appends there.
 */
function note(delivery: Delivery, appended: Int32Array, shards: readonly Shard[], fates: Fate[]): void {
  const ranges = Map.groupBy(delivery.stored(), ({ partition }) => partition)
  for (const list of ranges.values()) list.sort((a, b) => a.fromIndex - b.fromIndex)
  const nth = new Int32Array(shards.length)
  for (let i = 0; i < appended.length; i++) {
    if (appended[i] < 0) continue
    const shard = shards[appended[i]]
    const index = nth[appended[i]]++
    const range = ranges.get(shard.partition)?.findLast(({ fromIndex }) => fromIndex <= index)
    if (range === undefined || range.offset < 0 || index >= range.fromIndex + range.count) continue
    fates[i] = { shard, offset: range.offset + index - range.fromIndex, time: range.time }
  }
}
