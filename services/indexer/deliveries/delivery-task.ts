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
  readonly deliverer: Pick<Deliverer, 'deliver'>
  readonly folder: SpoolFolder
  readonly counts: Stage
  readonly log: Logger
}

type PendingObject = DeliveryProgress['objects'][number]

interface Decided {
  readonly object: PendingObject
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

/** The partition is not read while so many objects wait for their store. */
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
  /** Whether Kafka has no progress, or not the newest. */
  #isChanged = false
  #delivering = new AbortController()

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
    this.#objects = (stored?.objects ?? []).map((object) => ({
      object,
      spool: folder.open(),
      state: 'decided',
      delivery: Promise.resolve(),
    }))
    await this.#readAgain(signal)
  }

  async process(batch: RecordBatch, out: Appender, signal: AbortSignal): Promise<void> {
    this.#deliverDecided()
    await this.#room(signal)
    this.#removeDelivered()
    for (let i = 0; i < batch.length; i++) await this.#add(batch, i)
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

  /** Resolves when records may be added. Decided objects of this turn do not count: they are not in Kafka yet. */
  async #room(signal: AbortSignal): Promise<void> {
    while (this.#objects.filter(({ state }) => state === 'delivering').length >= MAX_WAITING)
      await aborted(signal, Promise.race(this.#objects.map(({ delivery }) => delivery)))
    if (!this.#options.folder.full) return
    this.#options.log.warn(
      { deliveryStream: this.#options.stream().name, partition: this.#options.partition },
      'the disk has room for no more records; they are read when objects have been delivered',
    )
    // An open object is decided by the next tick, whichever partition it is of.
    while (this.#options.folder.full && this.#open === undefined && this.#objects.length === 0)
      await aborted(signal, new Promise((resolve) => setTimeout(resolve, DISK_LOOK_MS)))
  }

  async #add({ bytes, valueStart, valueEnd, offsets, timestamps }: RecordBatch, i: number): Promise<void> {
    const [start, end] = valueStart[i] < 0 ? [0, 0] : [valueStart[i], valueEnd[i]]
    let open = this.#open
    if (open !== undefined) {
      const maxBytes = open.stream.destination.sizeMiB * MIB
      if (open.spool.bytes + end - start > maxBytes) {
        await this.#decide(open, offsets[i])
        open = undefined
      }
    }
    open ??= this.#openSpool(offsets[i], timestamps[i], Date.now())
    if (open.spool.add(bytes, start, end, open.form.delimiter)) await open.spool.flush()
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
    this.#objects.push({ object, spool, state: 'decided', delivery: Promise.resolve() })
    this.#open = undefined
    this.#next = to
    this.#isChanged = true
  }

  /** Called at the beginning of a turn: what earlier turns decided is in Kafka. */
  #deliverDecided(): void {
    const { deliverer, stream } = this.#options
    for (const decided of this.#objects) {
      if (decided.state !== 'decided') continue
      const { object, spool } = decided
      decided.state = 'delivering'
      const delivery = {
        stream: stream().name,
        key: object.key,
        form: readForm(object.form),
        path: spool.path,
      }
      decided.delivery = deliverer.deliver(delivery, this.#delivering.signal).then(() => {
        decided.state = 'delivered'
      })
      // Only an abort rejects it, and then nobody waits for it.
      decided.delivery.catch(() => {})
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
    if (!this.#isChanged) return
    const { partition, progress, stream } = this.#options
    const { name, id } = stream()
    const objects = this.#objects.map(({ object }) => object)
    progress.append(out, { stream: name, id, partition, next: this.#open?.from ?? this.#next, objects })
    this.#isChanged = false
  }

  /** Reads the records of decided objects, and those after them, once more. */
  async #readAgain(signal: AbortSignal): Promise<void> {
    const first = this.#objects[0]?.object.from ?? this.#next
    let at = 0
    for (let offset = first; offset < this.#position; ) {
      signal.throwIfAborted()
      const batch = await this.#fetch(offset)
      if (batch.nextOffset <= offset) throw new Error(`Offset ${offset} of ${batch.topic} cannot be read.`)
      for (let i = 0; i < batch.length && batch.offsets[i] < this.#position; i++) {
        while (at < this.#objects.length && batch.offsets[i] >= this.#objects[at].object.to) at++
        await (at < this.#objects.length
          ? this.#restore(this.#objects[at], batch, i)
          : this.#reopen(batch, i))
      }
      offset = batch.nextOffset
    }
    for (const { spool } of this.#objects) await spool.seal()
  }

  async #restore({ object, spool }: Decided, batch: RecordBatch, i: number): Promise<void> {
    if (batch.offsets[i] < object.from) return
    const [start, end] = batch.valueStart[i] < 0 ? [0, 0] : [batch.valueStart[i], batch.valueEnd[i]]
    if (spool.add(batch.bytes, start, end, readForm(object.form).delimiter)) await spool.flush()
  }

  /** The records since the last decided object are as old as they are. */
  async #reopen(batch: RecordBatch, i: number): Promise<void> {
    if (batch.offsets[i] < this.#next) return
    const time = batch.timestamps[i]
    const { spool, form } = this.#open ?? this.#openSpool(batch.offsets[i], time, time)
    const [start, end] = batch.valueStart[i] < 0 ? [0, 0] : [batch.valueStart[i], batch.valueEnd[i]]
    if (spool.add(batch.bytes, start, end, form.delimiter)) await spool.flush()
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
    this.#delivering = new AbortController()
  }
}

/** Settles like the promise, or rejects when the signal aborts. */
function aborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const { promise: abort, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([promise, abort]).finally(() => signal.removeEventListener('abort', onAbort))
}
