/**
 * Control state: small things that all replicas must agree on (streams and their shards, functions, mappings) live in compacted topics of one partition.
 * Every replica follows the whole log. A change is decided by whoever holds the log's transactional id, after it has read all that was written before, so
 * no two replicas decide on the same state; whatever else runs on Redis or in memory can be rebuilt from here.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Codec } from '@weir/codec'
import type { ControlEntry as Stored, TopicName } from '@weir/contracts'
import { type Appender, type Kafka, KafkaError, NO_HEADERS, type RecordBatch } from '@weir/kafka'

export interface ControlEntry {
  readonly kind: string
  readonly id: string
  /** The state as JSON; null removes it. */
  readonly json: string | null
}

/** What a decision writes. */
export interface Change {
  readonly kind: string
  readonly id: string
  /** Undefined removes it. */
  readonly value: unknown
}

export interface ControlOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly topic: ControlTopic
  /** Takes every entry in the order of the log, those of the past before openControlLog resolves. Must not throw. */
  apply(entry: ControlEntry): void
  readonly log: { warn(details: object, message: string): void }
}

type ControlTopic = Extract<TopicName, 'weir.control.streams' | 'weir.control.functions'>

export interface ControlLog {
  /**
   * Runs `decide` when all that was written before has been applied and nobody else can write, and writes what it returns, all or nothing. `decide` may run
   * several times; what it throws is thrown here. Resolves when the changes are stored and applied here; other replicas have them some milliseconds later.
   * Rejects with a KafkaError after 15 s without success: the changes may have been made or not.
   */
  write(decide: () => readonly Change[]): Promise<void>
  /** Writes an entry of which this replica alone is the author, without waiting for its turn. */
  announce(change: Change): Promise<void>
  /** Resolves when all that was written before the call has been applied. */
  catchUp(): Promise<void>
  stop(): Promise<void>
}

const PARTITION = 0
const FETCH_BYTES = 4 << 20
/** How long a decision is tried again where others get in its way or the outcome is unknown (ms). */
const PATIENCE = 15_000
/** Under this key each transaction leaves its mark, by which its writer knows afterwards whether it happened. */
const MARK = { kind: 'write', id: 'last' } as const
const MARKS_KEPT = 200

export async function openControlLog({ kafka, codec, topic, apply, log }: ControlOptions): Promise<ControlLog> {
  const [reader, writer, producer] = await Promise.all([codec.reader(topic), codec.writer(topic), kafka.producer()])
  const marks = new Set<string>()
  let position = await kafka.offsetAt(topic, PARTITION, 'earliest')
  let turn: Promise<unknown> = Promise.resolve()

  /** Batches come from the follower and from catchUp(), each in order; what was applied before is left out. */
  const take = async (batch: RecordBatch): Promise<void> => {
    await reader.prepare(batch)
    for (let i = 0; i < batch.length; i++) {
      if (batch.offsets[i] < position) continue
      try {
        const entry = entryOf(batch, i)
        if (entry.kind === MARK.kind) remember(entry.json)
        else apply(entry)
      } catch (error) {
        log.warn({ err: error, topic, offset: batch.offsets[i] }, 'an entry of the control log cannot be read and is left out')
      }
    }
    position = Math.max(position, batch.nextOffset)
  }

  const entryOf = (batch: RecordBatch, i: number): ControlEntry => {
    if (batch.valueStart[i] >= 0) return reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]) as Stored
    const key = batch.bytes.toString('utf8', batch.keyStart[i], batch.keyEnd[i])
    const slash = key.indexOf('/')
    return { kind: key.slice(0, slash), id: key.slice(slash + 1), json: null }
  }

  const remember = (mark: string | null): void => {
    if (mark === null) return
    marks.add(mark)
    if (marks.size > MARKS_KEPT) marks.delete(marks.values().next().value!)
  }

  const catchUp = async (): Promise<void> => {
    const end = await kafka.offsetAt(topic, PARTITION, 'latest')
    while (position < end) await take(await kafka.fetch(topic, PARTITION, position, FETCH_BYTES))
  }

  const append = (out: Appender, { kind, id, value }: Change): void => {
    const key = Buffer.from(`${kind}/${id}`)
    const bytes = value === undefined ? null : encode({ kind, id, json: JSON.stringify(value) })
    out.append(topic, PARTITION, key, 0, key.length, bytes, 0, bytes?.length ?? 0, NO_HEADERS, 0, NO_HEADERS.length)
  }

  const encode = (entry: Stored): Buffer => {
    for (let size = 512 + (entry.id.length + entry.json.length) * 3; ; size *= 2) {
      const buffer = Buffer.allocUnsafe(size)
      const end = writer.encode(entry, buffer, 0)
      if (end >= 0) return buffer.subarray(0, end)
    }
  }

  const write = async (decide: () => readonly Change[]): Promise<void> => {
    const mark = randomUUID()
    const deadline = Date.now() + PATIENCE
    for (let attempt = 0; ; attempt++) {
      try {
        await kafka.transact(`${topic}.writer`, async (out) => {
          await catchUp()
          // An attempt of which no answer came may have been the one.
          if (marks.has(JSON.stringify(mark))) return
          const changes = decide()
          if (changes.length === 0) return
          for (const change of changes) append(out, change)
          append(out, { ...MARK, value: mark })
        })
        break
      } catch (error) {
        if (!(error instanceof KafkaError) || !error.retriable || Date.now() > deadline) throw error
        await sleep(Math.random() * Math.min(20 * 2 ** attempt, 500))
      }
    }
    await visible()
  }

  /** The end of a transaction is answered a moment before readers may see it. */
  const visible = async (): Promise<void> => {
    const [{ latest }] = await kafka.admin.offsets(topic)
    for (const deadline = Date.now() + PATIENCE; position < latest && Date.now() < deadline; await sleep(2)) await catchUp()
  }

  await catchUp()
  const following = await kafka.read({ topics: [topic], from: { offsets: new Map([[topic, [position]]]) }, until: 'stopped' }, take)
  following.done.catch((error: Error) => log.warn({ err: error, topic }, 'the control log is not followed any more'))

  return {
    catchUp,
    write: (decide) => {
      const mine = turn.then(() => write(decide))
      turn = mine.catch(() => {})
      return mine
    },
    announce: async (change) => {
      const delivery = producer.delivery()
      append(delivery, change)
      const [failure] = await delivery.settled()
      if (failure !== undefined) throw failure.error
    },
    stop: async () => {
      await following.stop()
      await producer.stop()
    },
  }
}
