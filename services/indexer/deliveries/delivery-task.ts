/**
 * One partition of a delivery stream's source. Records are collected in a spool until it is full or old enough. Then
 * the object is decided, in the transaction of the source's offset, and after that it is delivered.
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
import type { AllProgress } from './progress.ts'
import type { Spool } from './spool.ts'
import type { SpoolFolder } from './spool-folder.ts'

export interface DeliveryTaskOptions {
  readonly partition: number
  /** Returns the delivery stream as it is now. Its source and its id do not change. */
  stream(): DeliveryStream
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

/** The records after the last decided object. */
interface Open {
  readonly spool: Spool
  /** The delivery stream as it was when the first record came. */
  readonly stream: DeliveryStream
  readonly form: Form
  readonly from: number
  /** When the oldest record arrived, and when it was read here, ms since the epoch. */
  readonly time: number
  readonly since: number
}

/** The partition is not read while this number of objects wait for their store. */
const MAX_WAITING = 4
const MIB = 1 << 20
/** Bytes of the source that are read again at a time. */
const FETCH_BYTES = 4 * MIB
/** How often a full disk is looked at again (ms). */
const DISK_LOOK_MS = 100

export class DeliveryTask implements Task {
  readonly #options: DeliveryTaskOptions
  #objects: Decided[] = []
  #open: Open | undefined
  /** The offset at which the next object begins. */
  #next = 0
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
    const { partition, progress, stream, folder } = this.#options
    const stored = await progress.read(stream().id, partition, signal)
    this.#isChanged = stored === undefined
    this.#next = stored?.next ?? offset
    this.#position = offset
    this.#failure = stored?.failure ?? null
    this.#objects = (stored?.objects ?? []).map((object) => ({
      object,
      form: readForm(object.form),
      spool: folder.open(),
      state: 'decided',
      delivery: Promise.resolve(),
    }))
    await this.#readAgain(signal)
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
    if (this.#open === undefined) this.#next = this.#position
    if (this.#open?.stream.destination.intervalSeconds === 0) await this.#decide(this.#open, this.#position)
    this.#write(out)
  }

  async tick(now: number, out: Appender): Promise<void> {
    this.#deliverDecided()
    this.#removeDelivered()
    const open = this.#open
    if (open !== undefined) {
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
      if (delivering.length < MAX_WAITING && !folder.full) return
      // Its object is decided by the next tick.
      if (delivering.length === 0 && this.#open !== undefined) return
      const delivered = delivering.map(({ delivery }) => delivery)
      await aborted(signal, Promise.race(delivered.length > 0 ? delivered : [pause(DISK_LOOK_MS)]))
      this.#removeDelivered()
    }
  }

  /** Adds a record. Returns a promise only if something must be written before the next one. */
  #add(batch: RecordBatch, i: number): Promise<void> | undefined {
    const open = this.#open
    if (open !== undefined && !fits(open, batch, i))
      return this.#decide(open, batch.offsets[i]).then(() => this.#add(batch, i))
    const { spool, form } = open ?? this.#openSpool(batch.offsets[i], batch.timestamps[i], Date.now())
    return addTo(spool, batch, i, form.delimiter) ? spool.flush() : undefined
  }

  #openSpool(from: number, time: number, since: number): Open {
    const stream = this.#options.stream()
    const spool = this.#options.folder.open()
    this.#open = { spool, stream, form: formOf(stream.destination), from, time, since }
    return this.#open
  }

  async #decide({ spool, stream, form, from, time }: Open, to: number): Promise<void> {
    await spool.seal()
    const object = {
      from,
      to,
      records: spool.records,
      key: objectKey(stream, time),
      form: writeForm(form),
      decidedAt: Date.now(),
    }
    this.#objects.push({ object, form, spool, state: 'decided', delivery: Promise.resolve() })
    this.#open = undefined
    this.#next = to
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
    const next = this.#open?.from ?? this.#next
    progress.append(out, { stream: name, id, partition, next, failure, objects })
    this.#failure = failure
    this.#isChanged = false
  }

  /** Reads the records of decided objects, and those after them, once more. */
  async #readAgain(signal: AbortSignal): Promise<void> {
    let at = 0
    for (let offset = this.#objects[0]?.object.from ?? this.#next; offset < this.#position; ) {
      signal.throwIfAborted()
      const batch = await this.#fetch(offset)
      if (batch.nextOffset <= offset) throw new Error(`Offset ${offset} of ${batch.topic} cannot be read.`)
      for (let i = 0; i < batch.length && batch.offsets[i] < this.#position; i++) {
        while (at < this.#objects.length && batch.offsets[i] >= this.#objects[at].object.to) at++
        const spool =
          at < this.#objects.length ? restore(this.#objects[at], batch, i) : this.#reopen(batch, i)
        if (spool !== undefined) await spool.flush()
      }
      offset = batch.nextOffset
    }
    for (const { spool } of this.#objects) await spool.seal()
  }

  /**
   * Adds a record after the last decided object; such records are as old as they are. Returns the spool if it must be
   * flushed.
   */
  #reopen(batch: RecordBatch, i: number): Spool | undefined {
    if (batch.offsets[i] < this.#next) return undefined
    const time = batch.timestamps[i]
    const { spool, form } = this.#open ?? this.#openSpool(batch.offsets[i], time, time)
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
    if (this.#open !== undefined) await folder.remove(this.#open.spool)
    this.#objects = []
    this.#open = undefined
    this.#lost = undefined
    this.#delivering = new AbortController()
  }
}

/** Whether the object has room for record i, or is empty. */
const fits = ({ spool, stream, form }: Open, { valueStart, valueEnd }: RecordBatch, i: number): boolean =>
  spool.bytes + valueEnd[i] - valueStart[i] + (form.delimiter ? 1 : 0) <= stream.destination.sizeMiB * MIB

/** Returns whether the spool must be flushed. A null is written like an empty record. */
const addTo = (
  spool: Spool,
  { bytes, valueStart, valueEnd }: RecordBatch,
  i: number,
  delimiter: boolean,
): boolean =>
  valueStart[i] < 0
    ? spool.add(bytes, 0, 0, delimiter)
    : spool.add(bytes, valueStart[i], valueEnd[i], delimiter)

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
