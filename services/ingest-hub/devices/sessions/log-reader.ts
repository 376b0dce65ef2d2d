/** Reads the log of messages for sessions that are behind its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { DeviceMessage as MessageRecord } from '@weir/contracts'
import { type Kafka, KafkaError, type RecordBatch } from '@weir/kafka'
import type { Logger } from '@weir/service'
import type { TopicRecords } from '@weir/topics'
import { MESSAGES, messageOf } from './messages.ts'
import type { Session } from './session.ts'
import type { SessionTable } from './table.ts'

const FETCH_BYTES = 256 << 10
/** Sessions that read at the same time. Each keeps one answer of a broker in memory. */
const MAX_READING = 8
/** The pause after a failure, or if the end of the log cannot be read yet (ms). */
const PAUSE_MS = 200

export interface LogReaderOptions {
  readonly kafka: Pick<Kafka, 'fetch' | 'offsetAt'>
  readonly records: TopicRecords<MessageRecord>
  readonly table: SessionTable
  /** The position of the replica, at which it passes messages to sessions. */
  position(partition: number): number
  readonly log: Logger
}

interface Job {
  readonly session: Session
  readonly partition: number
  offset: number
}

export class LogReader {
  readonly #options: LogReaderOptions
  readonly #waiting: Job[] = []
  /** Partitions that are read, or wait for it, by session. */
  readonly #jobs = new Map<Session, Set<number>>()
  #reading = 0
  #stopped = false

  constructor(options: LogReaderOptions) {
    this.#options = options
  }

  /** Reads for the session until it has no more room or is at the end. Does nothing if that goes on already. */
  read(session: Session, partition: number, offset: number): void {
    const partitions = this.#jobs.get(session) ?? new Set()
    if (partitions.has(partition)) return
    this.#jobs.set(session, partitions.add(partition))
    this.#waiting.push({ session, partition, offset })
    this.#next()
  }

  stop(): void {
    this.#stopped = true
    this.#waiting.length = 0
  }

  #next(): void {
    while (this.#reading < MAX_READING && this.#waiting.length > 0) {
      this.#reading++
      void this.#run(this.#waiting.shift()!).finally(() => {
        this.#reading--
        this.#next()
      })
    }
  }

  /** Reads one answer of a broker, and queues again if the session wants more. */
  async #run(job: Job): Promise<void> {
    const { session, partition } = job
    try {
      if (!session.isClosed && !this.#stopped && (await this.#readOnce(job))) {
        this.#waiting.push(job)
        return
      }
    } catch (error) {
      if (!session.isClosed && !this.#stopped) {
        this.#options.log.warn({ err: error }, 'messages cannot be read for a session; they are read again')
        await sleep(PAUSE_MS)
        this.#waiting.push(job)
        return
      }
    }
    const partitions = this.#jobs.get(session)!
    partitions.delete(partition)
    if (partitions.size === 0) this.#jobs.delete(session)
  }

  /** Returns whether there is more to read, and room for it. */
  async #readOnce(job: Job): Promise<boolean> {
    const { session, partition } = job
    const { kafka, records, position } = this.#options
    let batch: RecordBatch
    try {
      batch = await kafka.fetch(MESSAGES, partition, job.offset, FETCH_BYTES)
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code !== 'out-of-range') throw error
      job.offset = await kafka.offsetAt(MESSAGES, partition, 'earliest')
      return true
    }
    await records.prepare(batch)
    const isFull = !this.#pass(job, batch)
    const isEnd = !isFull && job.offset >= position(partition)
    if (!isFull && !isEnd && batch.nextOffset <= job.offset && batch.length === 0) await sleep(PAUSE_MS / 10)
    session.readTo(partition, job.offset, isEnd)
    return !isFull && !isEnd
  }

  /** Passes the records to the session. False if it has no room for all of them. */
  #pass(job: Job, batch: RecordBatch): boolean {
    const { session, partition } = job
    let isFull = false
    this.#options.records.each(
      batch,
      ({ value, offset }) => {
        if (isFull) return
        const message = value === null ? undefined : messageOf(value, Date.now())
        const by =
          message && this.#options.table.receivers(message.topic, offset).get(session.record.clientId)
        if (message && by && !session.caughtUp(message, by, partition, offset)) {
          isFull = true
          job.offset = offset
        }
      },
      job.offset,
    )
    if (!isFull) job.offset = Math.max(job.offset, batch.nextOffset)
    return !isFull
  }
}
