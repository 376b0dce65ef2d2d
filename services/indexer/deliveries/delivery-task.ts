/**
 * One partition of a delivery stream's source. The records of each part are collected in a spool until it is full or
 * old enough. Then the object is decided, in the transaction of the source's offset, and after that it is delivered.
 */
import type { DeliveryProgress } from '@weir/contracts'
import type { DeliveryStream } from '@weir/deliveries'
import {
  type Appender,
  type Kafka,
  KafkaError,
  type Position,
  type RecordBatch,
  type Task,
} from '@weir/kafka'
import type { Logger, Stage } from '@weir/service'
import { pause } from '@weir/timing'
import type { Deliverer } from './deliverer.ts'
import { type Form, formOf, readForm, writeForm } from './form.ts'
import { objectKey } from './object-key.ts'
import type { Part, PartOf } from './part.ts'
import type { AllProgress } from './progress.ts'
import type { Delimiter, Spool } from './spool.ts'
import type { SpoolFolder } from './spool-folder.ts'

export interface DeliveryTaskOptions {
  readonly partition: number
  /** Returns the delivery stream as it is now. Its source and its id do not change. */
  stream(): DeliveryStream
  readonly partOf: PartOf
  readonly kafka: Pick<Kafka, 'fetch' | 'offsetAt'>
  readonly progress: Pick<AllProgress, 'read' | 'append'>
  readonly deliverer: Pick<Deliverer, 'deliver' | 'failureOf'>
  readonly folder: SpoolFolder
  readonly counts: Stage
  readonly log: Logger
}

type PendingObject = DeliveryProgress['objects'][number]

interface Decided {
  readonly object: PendingObject
  readonly form: Form
  readonly spool: Spool
  state: 'decided' | 'delivering' | 'delivered'
  delivery: Promise<void>
}

/** The records of a part after its last decided object. */
interface Open {
  readonly part: Part
  readonly spool: Spool
  /** The delivery stream as it was when the first record came. */
  readonly stream: DeliveryStream
  readonly form: Form
  readonly from: number
  /** When the oldest record arrived, and when it was read here, ms since the epoch. */
  readonly time: number
  readonly since: number
}

/** The partition is not read while this number of objects of a part wait for their store, or of all parts. */
const MAX_WAITING = 4
const MAX_WAITING_OF_ALL = 512
/** The most parts that are collected at a time. AWS has 500 active partitions for a delivery stream. */
const MAX_OPEN = 500
const MIB = 1 << 20
/** Bytes of the source that are read again at a time. */
const FETCH_BYTES = 4 * MIB
/** How often a full disk is looked at again (ms). */
const DISK_LOOK_MS = 100

export class DeliveryTask implements Task {
  readonly #options: DeliveryTaskOptions
  #objects: Decided[] = []
  readonly #open = new Map<Part, Open>()
  /** The offsets up to which parts are decided, if those are beyond the first offset of the open records. */
  readonly #ahead = new Map<Part, number>()
  /** The next offset to be read. */
  #position = 0
  /** Why the store does not take the objects, as it is in Kafka. */
  #failure: string | null = null
  /** Whether Kafka has no progress, or not the newest. */
  #isChanged = false
  #delivering = new AbortController()
  /** The error of an object whose records are gone from the disk. */
  #lost: unknown

  constructor(options: DeliveryTaskOptions) {
    this.#options = options
  }

  async begin([{ offset }]: readonly Position[], signal: AbortSignal): Promise<void> {
    await this.#discard()
    const { folder } = this.#options
    const stored = await this.#stored(offset, signal)
    this.#isChanged = stored === undefined
    this.#position = offset
    for (const { part, next } of stored?.ahead ?? []) this.#ahead.set(part, next)
    this.#failure = stored?.failure ?? null
    this.#objects = (stored?.objects ?? []).map((object) => ({
      object,
      form: readForm(object.form),
      spool: folder.open(),
      state: 'decided',
      delivery: Promise.resolve(),
    }))
    await this.#readAgain(stored?.next ?? offset, signal)
  }

  /** The progress, unless it is about records of a source that was deleted and is there again. */
  async #stored(offset: number, signal: AbortSignal): Promise<DeliveryProgress | undefined> {
    const { partition, progress, stream, log } = this.#options
    const { id, name } = stream()
    const stored = await progress.read(id, partition, signal)
    if (stored === undefined) return undefined
    const { next, objects } = stored
    if (Math.max(next, ...objects.map(({ to }) => to)) <= offset) return stored
    log.error(
      { deliveryStream: name, partition, objects: objects.length },
      'the source was created anew; the records of objects that were not delivered are lost with the old one',
    )
    return undefined
  }

  async process(batch: RecordBatch, out: Appender, signal: AbortSignal): Promise<void> {
    this.#deliverDecided()
    this.#removeDelivered()
    await this.#room(signal)
    for (let i = 0; i < batch.length; i++) {
      const work = this.#add(batch, i)
      if (work !== undefined) await work
    }
    this.#position = batch.nextOffset
    for (const open of this.#open.values())
      if (open.stream.destination.intervalSeconds === 0) await this.#decide(open, this.#position)
    this.#write(out)
  }

  async tick(now: number, out: Appender): Promise<void> {
    this.#deliverDecided()
    this.#removeDelivered()
    for (const open of this.#open.values()) {
      const { intervalSeconds } = open.stream.destination
      if (now - open.since >= intervalSeconds * 1000 || this.#options.folder.full)
        await this.#decide(open, this.#position)
    }
    if (this.#position > 0) this.#write(out)
  }

  end(): Promise<void> {
    return this.#discard()
  }

  /** Resolves when records may be added. */
  async #room(signal: AbortSignal): Promise<void> {
    const { folder, log, partition, stream } = this.#options
    if (folder.warnsNow())
      log.warn(
        { deliveryStream: stream().name, partition },
        'the disk has room for no more records; they are read when objects have been delivered',
      )
    for (;;) {
      const delivering = this.#objects.filter(({ state }) => state === 'delivering')
      if (!tooMany(delivering) && !folder.full) return
      // Their objects are decided by the next tick.
      if (delivering.length === 0 && this.#open.size > 0) return
      const delivered = delivering.map(({ delivery }) => delivery)
      await aborted(signal, Promise.race(delivered.length > 0 ? delivered : [pause(DISK_LOOK_MS)]))
      this.#removeDelivered()
    }
  }

  /** Adds a record. Returns a promise only if something must be written before the next one. */
  #add(batch: RecordBatch, i: number): Promise<void> | undefined {
    const part = this.#options.partOf(batch, i)
    const open = this.#open.get(part)
    if (open !== undefined && !fits(open, batch, i))
      return this.#decide(open, batch.offsets[i]).then(() => this.#add(batch, i))
    if (open === undefined && this.#open.size === MAX_OPEN) {
      const [oldest] = this.#open.values()
      return this.#decide(oldest, batch.offsets[i]).then(() => this.#add(batch, i))
    }
    const { spool, form } = open ?? this.#openSpool(part, batch.offsets[i], batch.timestamps[i], Date.now())
    return addTo(spool, batch, i, form.delimiter) ? spool.flush() : undefined
  }

  #openSpool(part: Part, from: number, time: number, since: number): Open {
    const stream = this.#options.stream()
    const spool = this.#options.folder.open()
    const open = { part, spool, stream, form: formOf(stream, part), from, time, since }
    this.#open.set(part, open)
    return open
  }

  async #decide({ part, spool, stream, form, from, time }: Open, to: number): Promise<void> {
    await spool.seal()
    const object = {
      part,
      from,
      to,
      records: spool.records,
      key: objectKey(stream, part, time),
      form: writeForm(form),
      decidedAt: Date.now(),
    }
    this.#objects.push({ object, form, spool, state: 'decided', delivery: Promise.resolve() })
    this.#open.delete(part)
    this.#ahead.set(part, to)
    this.#isChanged = true
  }

  /** Called at the beginning of a turn: what earlier turns decided is in Kafka. */
  #deliverDecided(): void {
    // The task begins again, and reads the records again.
    if (this.#lost !== undefined) throw this.#lost
    const { deliverer, stream } = this.#options
    for (const decided of this.#objects) {
      if (decided.state !== 'decided') continue
      const { object, form, spool } = decided
      decided.state = 'delivering'
      const delivery = { stream: stream().name, key: object.key, form, spool }
      const { signal } = this.#delivering
      decided.delivery = deliverer.deliver(delivery, signal).then(() => {
        decided.state = 'delivered'
      })
      decided.delivery.catch((error: unknown) => {
        if (!signal.aborted) this.#lost = error
      })
    }
  }

  #removeDelivered(): void {
    const delivered = this.#objects.filter(({ state }) => state === 'delivered')
    if (delivered.length === 0) return
    const { counts, folder } = this.#options
    this.#objects = this.#objects.filter(({ state }) => state !== 'delivered')
    this.#isChanged = true
    for (const { object, spool } of delivered) {
      counts.done(object.records)
      counts.latency(Date.now() - Number(object.decidedAt), object.records)
      void folder.remove(spool)
    }
  }

  #write(out: Appender): void {
    const { deliverer, partition, progress, stream } = this.#options
    const { name, id } = stream()
    const failure = (this.#objects.length > 0 && deliverer.failureOf(name)) || null
    if (!this.#isChanged && failure === this.#failure) return
    const objects = this.#objects.map(({ object }) => object)
    let next = this.#position
    for (const { from } of this.#open.values()) next = Math.min(next, from)
    const ahead: DeliveryProgress['ahead'] = []
    for (const [part, decided] of this.#ahead) {
      if (decided <= next) this.#ahead.delete(part)
      else ahead.push({ part, next: decided })
    }
    progress.append(out, { stream: name, id, partition, next, failure, objects, ahead })
    this.#failure = failure
    this.#isChanged = false
  }

  /**
   * Reads the records of decided objects, and those after them, once more.
   * @param next the offset at which the next object begins of each part that is not ahead
   */
  async #readAgain(next: number, signal: AbortSignal): Promise<void> {
    const waiting = Map.groupBy(this.#objects, ({ object }) => object.part)
    const first = Math.min(next, ...this.#objects.map(({ object }) => object.from))
    for (let offset = first; offset < this.#position; ) {
      signal.throwIfAborted()
      const batch = await this.#fetch(offset)
      if (batch.nextOffset <= offset) throw new Error(`Offset ${offset} of ${batch.topic} cannot be read.`)
      for (let i = 0; i < batch.length && batch.offsets[i] < this.#position; i++) {
        const part = this.#options.partOf(batch, i)
        const objects = waiting.get(part) ?? []
        while (objects.length > 0 && batch.offsets[i] >= objects[0].object.to) objects.shift()
        const spool =
          objects.length > 0
            ? restore(objects[0], batch, i)
            : this.#reopen(part, this.#ahead.get(part) ?? next, batch, i)
        if (spool !== undefined) await spool.flush()
      }
      offset = batch.nextOffset
    }
    for (const { spool } of this.#objects) await spool.seal()
  }

  /**
   * Adds a record after the last decided object of its part; such records are as old as they are. Returns the spool if
   * it must be flushed.
   */
  #reopen(part: Part, next: number, batch: RecordBatch, i: number): Spool | undefined {
    if (batch.offsets[i] < next) return undefined
    const time = batch.timestamps[i]
    const { spool, form } = this.#open.get(part) ?? this.#openSpool(part, batch.offsets[i], time, time)
    return addTo(spool, batch, i, form.delimiter) ? spool : undefined
  }

  async #fetch(offset: number): Promise<RecordBatch> {
    const { kafka, partition, stream, log } = this.#options
    const { topic, name } = stream()
    try {
      return await kafka.fetch(topic, partition, offset, FETCH_BYTES)
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code !== 'out-of-range') throw error
      const earliest = await kafka.offsetAt(topic, partition, 'earliest')
      log.error(
        { deliveryStream: name, partition, from: offset, to: earliest },
        'the source has forgotten records before they were delivered; they are lost',
      )
      return kafka.fetch(topic, partition, earliest, FETCH_BYTES)
    }
  }

  async #discard(): Promise<void> {
    const { folder } = this.#options
    this.#delivering.abort()
    await Promise.allSettled(this.#objects.map(({ delivery }) => delivery))
    for (const { spool } of this.#objects) await folder.remove(spool)
    for (const { spool } of this.#open.values()) await folder.remove(spool)
    this.#objects = []
    this.#open.clear()
    this.#ahead.clear()
    this.#lost = undefined
    this.#delivering = new AbortController()
  }
}

/** Whether reading waits for objects to be delivered. */
function tooMany(delivering: readonly Decided[]): boolean {
  if (delivering.length < MAX_WAITING) return false
  if (delivering.length >= MAX_WAITING_OF_ALL) return true
  const counts = new Map<Part, number>()
  for (const { object } of delivering) counts.set(object.part, (counts.get(object.part) ?? 0) + 1)
  return Math.max(...counts.values()) >= MAX_WAITING
}

/** Whether the object has room for record i, or is empty. */
const fits = ({ spool, stream, form }: Open, { valueStart, valueEnd }: RecordBatch, i: number): boolean =>
  spool.bytes + valueEnd[i] - valueStart[i] + (form.delimiter ? 1 : 0) <= stream.destination.sizeMiB * MIB

/** Returns whether the spool must be flushed. */
const addTo = (spool: Spool, batch: RecordBatch, i: number, delimiter: Delimiter): boolean =>
  spool.add(batch, i, delimiter)

/** Adds a record to the object that it belongs to. Returns the spool if it must be flushed. */
function restore({ object, form, spool }: Decided, batch: RecordBatch, i: number): Spool | undefined {
  if (batch.offsets[i] < object.from) return undefined
  return addTo(spool, batch, i, form.delimiter) ? spool : undefined
}

/** Settles like the promise, or rejects when the signal aborts. */
function aborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const { promise: abort, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([promise, abort]).finally(() => signal.removeEventListener('abort', onAbort))
}
