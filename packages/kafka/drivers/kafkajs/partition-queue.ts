/**
 * Records on their way to one partition. They are collected into batches; one batch is in flight, and is
 * resent unchanged until its outcome is known.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaError } from '../../errors.ts'
import { BatchWriter } from '../../records/batch-writer.ts'
import { AT } from '../../records/format.ts'
import { type Batch, part, type Segment } from './batch.ts'
import { type Cluster, passing, UNKNOWN_TOPIC } from './cluster.ts'
import type { OpenDelivery } from './delivery.ts'
import { brokerError, toKafkaError, typeOf } from './errors.ts'
import { type Produced, produce } from './protocol/produce.ts'
import { newSequence, type Sequence } from './sequence.ts'

/**
 * Bytes at which a batch is closed; the brokers' default limit is 1 MiB. A larger record gets a batch of its
 * own.
 */
const BATCH_BYTES = 512 * 1024
/** Milliseconds from the first attempt until the outcome is given up as unknown. */
const DELIVERY_TIMEOUT_MS = 30_000
/** How long an unknown topic is retried, since it may be new to the broker (ms). */
const NEW_TOPIC = 3_000
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 500
/** Most bytes that a record takes beside its key, value and headers. */
const OVERHEAD = 24

const LEADER_NOT_AVAILABLE = 5
const MESSAGE_TOO_LARGE = 10
const RECORD_LIST_TOO_LARGE = 18
const DUPLICATE_SEQUENCE_NUMBER = 46
const INVALID_RECORD = 87

/** The state that all queues of a producer share. */
export interface Buffered {
  readonly cluster: Cluster
  /** Compression, as in a batch's attributes. */
  readonly codec: number
  /** Bytes of records that are not settled. */
  bytes: number
  /** Throws a KafkaError if no record of `bytes` bytes can be accepted. */
  admit(bytes: number): void
}

interface OpenBatch extends Batch {
  readonly segments: Segment[]
}

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly #buffered: Buffered
  readonly #batches: OpenBatch[] = []
  #sequence: Sequence | undefined
  #sending: Promise<void> | undefined

  constructor(topic: string, partition: number, buffered: Buffered) {
    this.topic = topic
    this.partition = partition
    this.#buffered = buffered
  }

  /** Resolves when nothing waits or is in flight. */
  get idle(): Promise<void> {
    return this.#sending ?? Promise.resolve()
  }

  append(
    delivery: OpenDelivery,
    key: Buffer | null,
    keyStart: number,
    keyEnd: number,
    value: Buffer | null,
    valueStart: number,
    valueEnd: number,
    headers: Buffer,
    headersStart: number,
    headersEnd: number,
  ): void {
    if (delivery.failed(this)) return
    const size = keyEnd - keyStart + valueEnd - valueStart + headersEnd - headersStart + OVERHEAD
    this.#buffered.admit(size)
    const batch = this.#batchFor(size)
    let segment = batch.segments.at(-1)
    if (segment?.delivery !== delivery) batch.segments.push((segment = delivery.segment(this)))
    const before = batch.writer.size
    batch.writer.append(key, keyStart, keyEnd, value, valueStart, valueEnd, headers, headersStart, headersEnd)
    this.#buffered.bytes += batch.writer.size - before
    segment.count++
    delivery.added()
    this.#sending ??= this.#send()
  }

  /** Fails the waiting batches; the batch in flight is settled by its own answer. */
  fail(error: KafkaError): void {
    for (const batch of this.#batches.splice(0)) this.#settle(batch, error)
  }

  #batchFor(size: number): OpenBatch {
    const last = this.#batches.at(-1)
    if (last !== undefined && (last.writer.count === 0 || last.writer.size + size <= BATCH_BYTES)) return last
    const batch = { writer: new BatchWriter(), segments: [] }
    this.#batches.push(batch)
    return batch
  }

  async #send(): Promise<void> {
    // Records that are appended until the event loop turns go into the same batch.
    await new Promise(setImmediate)
    for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift())
      await this.#deliver(batch)
    this.#sending = undefined
  }

  async #deliver(batch: Batch): Promise<void> {
    const doomed = (segment: Segment): boolean => segment.delivery.failed(this)
    if (batch.segments.some(doomed)) {
      const rest = part(batch, 0, batch.writer.count, (segment) => !doomed(segment))
      this.#settle({ writer: batch.writer, segments: batch.segments.filter(doomed) }, 'failed before')
      this.#buffered.bytes += payload(rest.writer)
      batch = rest
    }
    if (batch.writer.count === 0) return this.#settle(batch, 'failed before')
    try {
      const answer = await this.#attempt(batch.writer)
      const { errorCode } = answer
      if (errorCode === 0) return this.#settle(batch, answer)
      if (batch.writer.count === 1)
        return this.#settle(
          batch,
          toKafkaError(brokerError(errorCode), `A record for ${this.topic}/${this.partition} is refused`),
        )
    } catch (error) {
      // The outcome may be unknown, and later records must not be stored before these. So all fail, and the
      // next batch uses an identity that fences this one.
      this.#sequence = typeOf(error) === 'INVALID_PRODUCER_EPOCH' ? undefined : this.#sequence?.raised()
      const failure = toKafkaError(error, `Records for ${this.topic}/${this.partition} may not be stored`)
      this.#settle(batch, failure)
      return this.fail(failure)
    }
    await this.#deliverHalves(batch)
  }

  /** Finds the record that the broker refuses, so that its neighbours are stored. */
  async #deliverHalves(batch: Batch): Promise<void> {
    const { count } = batch.writer
    const halves = [part(batch, 0, count >> 1, () => true), part(batch, count >> 1, count, () => true)]
    this.#buffered.bytes += payload(halves[0].writer) + payload(halves[1].writer) - payload(batch.writer)
    for (const half of halves) await this.#deliver(half)
  }

  /**
   * Resolves to code 0 when the batch is stored, or to the code with which the broker refuses a record of the
   * batch. Rejects if the outcome is unknown or nothing more can be stored.
   */
  async #attempt(writer: BatchWriter): Promise<Produced> {
    const began = Date.now()
    const sequence = (this.#sequence ??= await newSequence(this.#buffered.cluster))
    const bytes = writer.finish(
      { ...sequence, baseSequence: sequence.next, transactional: false },
      this.#buffered.codec,
    )
    let maybeStored = false
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const answer = await this.#once(bytes)
        const { errorCode } = answer
        if (errorCode === 0 || errorCode === DUPLICATE_SEQUENCE_NUMBER) {
          sequence.advance(writer.count)
          return { ...answer, errorCode: 0 }
        }
        if (blamesRecord(errorCode) && !maybeStored) return answer
        this.#buffered.cluster.forgetLeader(this.topic, this.partition)
        throw brokerError(errorCode)
      } catch (error) {
        const patience =
          toKafkaError(error, '').code === 'unknown-topic'
            ? NEW_TOPIC
            : passing(error)
              ? DELIVERY_TIMEOUT_MS
              : 0
        if (Date.now() - began >= patience) throw error
        maybeStored = true
      }
      await sleep(pause)
      await this.#buffered.cluster.refresh().catch(() => {})
    }
  }

  /** Sends one request. */
  async #once(bytes: Buffer): Promise<Produced> {
    const { cluster } = this.#buffered
    if (cluster.leader(this.topic, this.partition) < 0) await cluster.refresh()
    const leader = cluster.leader(this.topic, this.partition)
    if (leader < 0)
      return {
        errorCode:
          (await cluster.partitions(this.topic)) > this.partition ? LEADER_NOT_AVAILABLE : UNKNOWN_TOPIC,
        baseOffset: -1,
        appendTime: -1,
      }
    const link = await cluster.link(leader)
    return link.send(produce(this.topic, this.partition, bytes, null))
  }

  /** @param outcome where the batch is stored, or why it is not */
  #settle({ writer, segments }: Batch, outcome: Produced | KafkaError | 'failed before'): void {
    this.#buffered.bytes -= payload(writer)
    let row = 0
    for (const { delivery, fromIndex, count } of segments) {
      if (outcome instanceof KafkaError) delivery.fail(this, fromIndex, outcome)
      else if (outcome !== 'failed before') {
        const { baseOffset, appendTime } = outcome
        delivery.storedAt(
          this,
          fromIndex,
          count,
          baseOffset < 0 ? -1 : baseOffset + row,
          appendTime < 0 ? writer.timestamp : appendTime,
        )
      }
      row += count
      delivery.settle(count)
    }
  }
}

function payload(writer: BatchWriter): number {
  return writer.size - AT.records
}

/** Whether the broker rejects the records themselves: a smaller batch without the bad one can succeed. */
function blamesRecord(answer: number): boolean {
  return answer === MESSAGE_TOO_LARGE || answer === RECORD_LIST_TOO_LARGE || answer === INVALID_RECORD
}
