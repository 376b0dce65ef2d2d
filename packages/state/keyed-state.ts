/**
 * The states of a partition's keys while it belongs to this process. They change in the transactions of the partition's
 * task: a change is a record of a compacted topic, the changelog, beside the input's offset. Everything else, in memory
 * and on disk, is a copy.
 */
import { type Appender, appendRecord, encodeValue, KafkaError, type RecordBatch } from '@weir/kafka'
import { readChangelog } from './changelog.ts'
import { Checkpoints } from './checkpoints.ts'
import { Copies } from './copies.ts'
import { Disk, MAX_KEY_BYTES, NotOwner } from './disk.ts'
import type { StateStore } from './state-store.ts'
import { timersIn } from './stored-timers.ts'
import { NO_TIMERS, type TimerKind, type Timers } from './timers.ts'

/** A key with its state. */
export interface Keyed<V> {
  /** The key's bytes, which must not be changed. */
  readonly key: Buffer
  /** undefined: none. It may be replaced, or changed in place: put() takes the change. */
  value: V | undefined
}

interface Known<V> extends Keyed<V> {
  readonly id: number
  /** Whether it is one of `keys`. */
  isCounted: boolean
  /** The length of the encoded state. */
  bytes: number
}

/**
 * Decoded states may have so much of the memory, counted as bytes of their encoded form. A task of detectors takes about
 * ten times as much for them.
 */
const DECODED_PART = 1 / 16
/** What a decoded state takes besides, about, in the same measure. */
const DECODED_BYTES = 64
/** How long a disk that failed is left alone. */
const DISK_PAUSE_MS = 10 * 60_000

/** The partition has as many keys as it may have. */
export class TooManyKeys extends Error {
  override readonly name = 'TooManyKeys'
  readonly code = 'too-many-keys'
}

/** The key has more than MAX_KEY_BYTES. */
export class KeyTooLong extends Error {
  override readonly name = 'KeyTooLong'
  readonly code = 'key-too-long'
}

export class KeyedState<V> {
  readonly #store: StateStore<V>
  readonly #partition: number
  #disk: Disk | undefined
  #diskAgainAt = 0
  #keys = 0
  #checkpoints: Checkpoints | undefined
  /** Decoded states by the ids of their entries, in the order in which they were decoded. */
  #known = new Map<number, Known<V>>()
  #knownBytes = 0
  #copies = this.#newCopies()
  #changed = new Set<Known<V>>()
  /** Entries that were added in this turn, which may not get a state. */
  readonly #added: number[] = []
  #schemaIds = new Set<number>()
  /** The output of the turn. */
  #out: Appender | undefined
  #isOpen = false

  constructor(store: StateStore<V>, partition: number) {
    this.#store = store
    this.#partition = partition
  }

  /** The keys that have a state, the changes of this turn included. */
  get keys(): number {
    return this.#keys
  }

  /**
   * Reads the states as the last committed transaction left them. Rejects if that cannot be known now, or when the
   * signal aborts.
   */
  async begin(signal: AbortSignal): Promise<void> {
    const { kafka, topic, memory, standby } = this.#store
    await standby?.release(this.#partition)
    if (!this.#isOpen) memory.open()
    this.#isOpen = true
    if (performance.now() >= this.#diskAgainAt) this.#disk ??= await this.#openDisk()
    this.#forget()
    const from = this.#disk?.offset ?? -1
    const earliest = await kafka.offsetAt(topic, this.#partition, 'earliest')
    try {
      await this.#read(Math.max(from, earliest), signal)
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code !== 'out-of-range') throw error
      // The disk is ahead of a log that was cut.
      this.#disk?.clear()
      this.#forget()
      await this.#read(earliest, signal)
    }
  }

  /** Begins a turn of the task: everything before it is committed, unless `begin()` comes first. */
  turn(out: Appender): void {
    if (out === this.#out) return
    this.#out = out
    this.#dropUnused()
    try {
      const { shareBytes } = this.#store.memory
      const isFull = this.#copies.table.usedBytes > shareBytes
      this.#checkpoints?.step(isFull)
      if (this.#disk !== undefined && isFull) this.#copies.evict(shareBytes)
    } catch (error) {
      this.#leaveDisk(error)
    }
  }

  /**
   * Returns the key with its state. Throws TooManyKeys for a new key if there are as many as there may be, KeyTooLong,
   * and Undecodable for a state that cannot be read. The empty key is the partition's own, and always has room.
   */
  at(key: Buffer, start = 0, end = key.length): Keyed<V> {
    if (end - start > MAX_KEY_BYTES)
      throw new KeyTooLong(
        `The key has ${end - start} bytes; a key with a state has at most ${MAX_KEY_BYTES}.`,
      )
    let id = this.#copies.find(key, start, end)
    if (id < 0) {
      if (this.keys >= this.#store.maxKeys && end > start)
        throw new TooManyKeys(`The partition has ${this.keys} keys with a state, which is the most.`)
      id = this.#copies.table.add(key, start, end)
      this.#added.push(id)
    }
    return this.#knownOf(id)
  }

  /** Takes the change of a state; it is written at the end of the turn. */
  put(keyed: Keyed<V>): void {
    const known = keyed as Known<V>
    this.#changed.add(known)
    const isCounted = known.value !== undefined
    if (isCounted !== known.isCounted) this.#keys += isCounted ? 1 : -1
    known.isCounted = isCounted
    this.#copies.setTimers(known.id, this.#timersOf(known.value))
  }

  /** Takes the state of a key away, with its timers, whether or not it can be read. */
  erase(key: Buffer, start = 0, end = key.length): void {
    const id = this.#copies.find(key, start, end)
    if (id < 0) return
    const before = this.#known.get(id)
    if (before !== undefined) this.#changed.delete(before)
    // A new object, so that nothing is found any more that somebody has made of the state.
    const known: Known<V> = {
      id,
      key: Buffer.from(key.subarray(start, end)),
      value: undefined,
      isCounted: before?.isCounted ?? this.#copies.hasValue(id),
      bytes: 0,
    }
    this.#forgetDecoded(id)
    this.#remember(known)
    this.put(known)
  }

  /**
   * Returns the first key that is due by then, whose timer is forgotten; undefined if none is. A key whose state cannot
   * be read is never due, so that it does not hold up the others.
   */
  take(kind: TimerKind, until: number): Keyed<V> | undefined {
    for (let id = this.#copies.take(kind, until); id >= 0; id = this.#copies.take(kind, until)) {
      const known = this.#readable(id)
      if (known !== undefined) return known
    }
    return undefined
  }

  /** Yields the keys that are due by then and later than `after`, in the order of their timers, which stay. */
  *due(kind: TimerKind, until: number, after: number): Generator<Keyed<V>> {
    for (const id of this.#copies.due(kind, until, after)) {
      const known = this.#readable(id)
      if (known !== undefined) yield known
    }
  }

  /** Ends a turn: writes the changes of the states into the transaction. */
  write(out: Appender): void {
    const { topic, writer } = this.#store
    for (const known of this.#changed) {
      const { id, key, value } = known
      if (value !== undefined) {
        const bytes = encodeValue(writer, value)
        appendRecord(out, { topic, partition: this.#partition, key, value: bytes })
        this.#copies.setValue(id, bytes, 0, bytes.length, this.#timersOf(value))
        this.#schemaIds.add(bytes.readUInt32BE(1))
        this.#knownBytes += bytes.length - known.bytes
        known.bytes = bytes.length
      } else if (this.#copies.hasValue(id)) {
        appendRecord(out, { topic, partition: this.#partition, key, value: null })
        this.#copies.remove(id)
      }
    }
    this.#changed.clear()
    this.#dropUnused()
    const most = this.#store.memory.shareBytes * DECODED_PART
    for (const id of this.#known.keys()) {
      if (this.#knownBytes <= most) break
      this.#forgetDecoded(id)
    }
  }

  /** The partition is given up. */
  async close(): Promise<void> {
    if (this.#isOpen) this.#store.memory.close()
    this.#isOpen = false
    this.#forget()
    const disk = this.#disk
    this.#disk = undefined
    await disk?.close()
    this.#store.standby?.follow(this.#partition, disk?.owner)
  }

  async #openDisk(): Promise<Disk | undefined> {
    const { kafka, topic, dir, log } = this.#store
    try {
      const topicId = await kafka.topicId(topic)
      return new Disk({ dir, topic, topicId, partition: this.#partition })
    } catch (error) {
      if (error instanceof KafkaError) throw error
      log.warn({ err: error, topic, partition: this.#partition }, 'states are kept in memory only')
      return undefined
    }
  }

  async #read(from: number, signal: AbortSignal): Promise<void> {
    const { kafka, topic, codec, memory } = this.#store
    for (const id of this.#disk?.schemaIds ?? []) {
      this.#schemaIds.add(id)
      await codec.resolve(id)
    }
    const place = { topic, partition: this.#partition }
    await readChangelog(kafka, place, from, (batch) => this.#accept(batch), signal)
    this.#keys = this.#copies.keys
    if (this.#copies.table.usedBytes > memory.shareBytes) this.#copies.evict(memory.shareBytes)
  }

  async #accept(batch: RecordBatch): Promise<void> {
    const { reader, memory } = this.#store
    await reader.prepare(batch)
    const { bytes, keyStart, keyEnd, valueStart, valueEnd } = batch
    for (let i = 0; i < batch.length; i++) {
      const key = [Math.max(0, keyStart[i]), Math.max(0, keyEnd[i])] as const
      if (key[1] - key[0] > MAX_KEY_BYTES) continue
      let id = this.#copies.find(bytes, ...key)
      if (valueStart[i] < 0) {
        if (id >= 0) this.#copies.remove(id)
        continue
      }
      if (id < 0) id = this.#copies.table.add(bytes, ...key)
      if (valueEnd[i] - valueStart[i] > 4) this.#schemaIds.add(bytes.readUInt32BE(valueStart[i] + 1))
      this.#copies.setValue(id, bytes, valueStart[i], valueEnd[i], timersIn(this.#store, batch, i))
    }
    if (this.#disk === undefined || this.#copies.table.usedBytes <= memory.shareBytes) return
    // All records that a read_committed reader gets are committed.
    this.#checkpoints?.writeAll(batch.nextOffset)
    this.#copies.evict(memory.shareBytes)
  }

  #timersOf(value: V | undefined): Timers {
    return value === undefined ? NO_TIMERS : this.#store.timers(value)
  }

  #knownOf(id: number): Known<V> {
    let known = this.#known.get(id)
    if (known === undefined) {
      const { table } = this.#copies
      const [keyEnd, valueEnd] = [table.keyEnd(id), table.valueEnd(id)]
      const value = this.#copies.hasValue(id)
        ? this.#store.reader.decode(table.bytes, keyEnd, valueEnd)
        : undefined
      const key = Buffer.from(table.bytes.subarray(table.keyStart(id), keyEnd))
      known = { id, key, value, isCounted: value !== undefined, bytes: valueEnd - keyEnd }
      this.#remember(known)
    }
    return known
  }

  /** Forgets the timers of a state that cannot be read, which refuses the records of its key. */
  #readable(id: number): Known<V> | undefined {
    try {
      return this.#knownOf(id)
    } catch (error) {
      const { log, topic } = this.#store
      log.warn(
        { err: error, topic, partition: this.#partition },
        'a state cannot be read, so it is never due',
      )
      this.#copies.setTimers(id, NO_TIMERS)
      return undefined
    }
  }

  #dropUnused(): void {
    for (const id of this.#added) if (!this.#copies.isNeeded(id)) this.#copies.drop(id)
    this.#added.length = 0
  }

  /** Without the disk, states are read from Kafka and kept in memory. */
  #leaveDisk(error: unknown): never {
    const { topic, log } = this.#store
    log.warn(
      { err: error, topic, partition: this.#partition },
      'states cannot be written to disk, and are read again',
    )
    this.#disk?.close().catch(() => {})
    this.#disk = undefined
    if (!(error instanceof NotOwner)) this.#diskAgainAt = performance.now() + DISK_PAUSE_MS
    throw error
  }

  #newCopies(): Copies {
    return new Copies(this.#disk, (id) => this.#forgetDecoded(id))
  }

  #remember(known: Known<V>): void {
    this.#known.set(known.id, known)
    this.#knownBytes += known.bytes + DECODED_BYTES
  }

  #forgetDecoded(id: number): void {
    const known = this.#known.get(id)
    if (known === undefined) return
    this.#known.delete(id)
    this.#knownBytes -= known.bytes + DECODED_BYTES
  }

  #forget(): void {
    const { kafka, topic } = this.#store
    this.#known.clear()
    this.#knownBytes = 0
    this.#changed.clear()
    this.#added.length = 0
    this.#schemaIds = new Set()
    this.#out = undefined
    this.#copies = this.#newCopies()
    this.#checkpoints =
      this.#disk &&
      new Checkpoints({
        disk: this.#disk,
        copies: this.#copies,
        end: () => kafka.offsetAt(topic, this.#partition, 'latest'),
        schemaIds: this.#schemaIds,
      })
  }
}
