/**
 * Standby copies: the states of partitions that other replicas own, kept on this replica's disk by following their
 * changelogs. A replica that gets such a partition reads only the last seconds. They take no memory but for the batch
 * that is being written.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { KafkaError, type RecordBatch } from '@weir/kafka'
import { pause } from '@weir/timing'
import { Disk, InUse, MAX_KEY_BYTES, NotOwner } from './disk.ts'
import type { StateStore } from './state-store.ts'
import { timersIn } from './stored-timers.ts'

/** A copy is behind its changelog by about this time. */
const INTERVAL_MS = 5000
const FETCH_BYTES = 1 << 20
/** Entries that are written at once, which takes about 10 ms. */
const STEP_ENTRIES = 1000
/** How long a disk that failed is left alone. */
const DISK_PAUSE_MS = 10 * 60_000
/** No process has this name. */
const NOBODY = ''

interface Copy {
  readonly disk: Disk
  readonly topicId: string
  readonly schemaIds: Set<number>
}

export class Standby<V> {
  readonly #store: StateStore<V>
  readonly #stopping = new AbortController()
  readonly #owned = new Set<number>()
  readonly #copies = new Map<number, Copy>()
  /** The name under which this process wrote the copy of a partition last. */
  readonly #writers = new Map<number, string>()
  /** The partition that is being followed, until `done`. */
  #current: { readonly partition: number; readonly done: Promise<void> } | undefined
  readonly #running: Promise<void>
  #isFailing = false

  /** Begins to follow all partitions. */
  constructor(store: StateStore<V>) {
    this.#store = store
    this.#running = this.#run()
  }

  /** This process owns the partition from now on. Resolves when nothing here uses its copy any more. */
  async release(partition: number): Promise<void> {
    this.#owned.add(partition)
    if (this.#current?.partition === partition) await this.#current.done
    await this.#close(partition)
  }

  /** This process owns the partition no longer. @param writer the owner that its copy has from this process */
  follow(partition: number, writer: string | undefined): void {
    if (writer !== undefined) this.#writers.set(partition, writer)
    this.#owned.delete(partition)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    for (const partition of this.#copies.keys()) await this.#close(partition)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const waitMs = await this.#round()
      await pause(waitMs, signal).catch(() => {})
    }
  }

  /** Follows each partition to its end. Resolves to the time until the next round (ms). */
  async #round(): Promise<number> {
    const { kafka, topic } = this.#store
    let waitMs = INTERVAL_MS
    let isWell = true
    const failed = (error: unknown): void => {
      this.#failed(error)
      isWell = false
      if (!(error instanceof KafkaError)) waitMs = DISK_PAUSE_MS
    }
    try {
      const [partitions, topicId] = await Promise.all([kafka.partitions(topic), kafka.topicId(topic)])
      for (let partition = 0; partition < partitions; partition++) {
        const done = this.#follow(partition, topicId).catch(failed)
        this.#current = { partition, done }
        await done
      }
    } catch (error) {
      failed(error)
    }
    this.#current = undefined
    this.#isFailing = !isWell
    return waitMs
  }

  /** Says it once until all is well again. */
  #failed(error: unknown): void {
    const { log, topic } = this.#store
    if (!this.#isFailing && !this.#stopping.signal.aborted)
      log.warn({ err: error, topic }, 'standby copies of states do not follow their changelog')
    this.#isFailing = true
  }

  async #follow(partition: number, topicId: string): Promise<void> {
    if (this.#isDone(partition)) return
    if (this.#copies.get(partition)?.topicId !== topicId) await this.#close(partition)
    try {
      const copy = this.#copies.get(partition) ?? this.#open(partition, topicId)
      await this.#readInto(copy, partition)
    } catch (error) {
      // It is opened again in the next round, and cleared then if it has become too old.
      await this.#close(partition)
      if (!(error instanceof InUse || error instanceof NotOwner)) throw error
    }
  }

  #isDone(partition: number): boolean {
    return this.#stopping.signal.aborted || this.#owned.has(partition)
  }

  #open(partition: number, topicId: string): Copy {
    const { topic, dir } = this.#store
    const disk = new Disk({ dir, topic, topicId, partition }, this.#writers.get(partition) ?? NOBODY)
    this.#writers.set(partition, disk.owner)
    const copy = { disk, topicId, schemaIds: new Set(disk.schemaIds) }
    this.#copies.set(partition, copy)
    return copy
  }

  async #readInto(copy: Copy, partition: number): Promise<void> {
    const { kafka, topic, reader } = this.#store
    const earliest = await kafka.offsetAt(topic, partition, 'earliest')
    let position = Math.max(copy.disk.offset, earliest)
    for (let isAtEnd = false; !isAtEnd; ) {
      const batch = await this.#fetch(copy.disk, partition, position)
      await reader.prepare(batch)
      await this.#write(copy, batch)
      if (this.#isDone(partition)) return
      isAtEnd = batch.nextOffset <= position
      position = batch.nextOffset
    }
  }

  async #fetch(disk: Disk, partition: number, position: number): Promise<RecordBatch> {
    const { kafka, topic } = this.#store
    try {
      return await kafka.fetch(topic, partition, position, FETCH_BYTES)
    } catch (error) {
      // The copy is ahead of a log that was cut.
      if (error instanceof KafkaError && error.code === 'out-of-range') disk.clear()
      throw error
    }
  }

  /** Writes the last record of each key, a little at a time, and then the offset up to which the copy has all. */
  async #write({ disk, schemaIds }: Copy, batch: RecordBatch): Promise<void> {
    const { bytes, keyStart, keyEnd, valueStart, valueEnd, nextOffset } = batch
    const last = new Map<string, number>()
    for (let i = 0; i < batch.length; i++)
      last.set(bytes.toString('latin1', Math.max(0, keyStart[i]), Math.max(0, keyEnd[i])), i)
    const records = last.entries()
    for (let isWhole = false; !isWhole; ) {
      if (this.#isDone(batch.partition)) return
      disk.write((states) => {
        for (let written = 0; written < STEP_ENTRIES; written++) {
          const { value: record, done } = records.next()
          if (done) {
            isWhole = true
            states.whole({ offset: nextOffset, schemaIds: [...schemaIds] })
            return
          }
          const [name, i] = record
          if (name.length > MAX_KEY_BYTES) continue
          const key = Buffer.from(name, 'latin1')
          if (valueStart[i] < 0) {
            states.remove(key)
            continue
          }
          if (valueEnd[i] - valueStart[i] > 4) schemaIds.add(bytes.readUInt32BE(valueStart[i] + 1))
          states.set(key, timersIn(this.#store, batch, i), bytes.subarray(valueStart[i], valueEnd[i]))
        }
      })
      await turn()
    }
  }

  async #close(partition: number): Promise<void> {
    const copy = this.#copies.get(partition)
    this.#copies.delete(partition)
    await copy?.disk.close()
  }
}
