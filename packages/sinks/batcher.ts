/**
 * Merges records of several batches into requests, and completes each of them. Requests that fail are sent
 * again, and so are items for which the destination is too busy. Batches learn which records the destination
 * refuses, and which are held back because their target is at fault. Writers wait while too much is queued.
 */

import type { Counter, Gauge, Histogram, Logger } from '@weir/service'
import { backOff } from './back-off.ts'
import type { Destination, Reply } from './destination.ts'
import type { DestinationError } from './errors.ts'
import { Gate } from './gate.ts'
import { InFlightLimit } from './in-flight.ts'
import { type Layout, Request } from './request.ts'
import type { Settlement } from './settlement.ts'

export interface BatcherMetrics {
  /** Requests, counted by outcome. */
  readonly requests: Counter<'outcome'>
  readonly seconds: Histogram
  readonly inFlight: Gauge
  readonly limit: Gauge
}

export interface BatcherOptions<Item> {
  readonly destination: Destination
  readonly layout: Layout<Item>
  readonly metrics: BatcherMetrics
  readonly log: Logger
  /** A request is sent when it has `maxBytes` bytes or `maxItems` items, or after `lingerMs`. */
  readonly maxBytes: number
  readonly maxItems: number
  readonly lingerMs: number
}

/** The maximum number of full requests in the queue, in addition to those in flight. */
const MAX_QUEUED = 4
/** Requests kept for reuse. */
const MAX_FREE = 8

export class Batcher<Item> {
  readonly limit = new InFlightLimit()
  readonly #options: BatcherOptions<Item>
  readonly #destination: Destination
  readonly #metrics: BatcherMetrics
  readonly #gate: Gate
  readonly #free: Request<Item>[] = []
  #filling: Request<Item>
  /** Retries at the head, new requests at the tail. */
  readonly #queue: Request<Item>[] = []
  #inFlight = 0
  #linger: NodeJS.Timeout | undefined
  #pause: NodeJS.Timeout | undefined
  /** The number of consecutive setbacks: requests that had to be sent again. */
  #setbacks = 0
  readonly #waiting = new Set<() => void>()
  #stopped = false

  constructor(options: BatcherOptions<Item>) {
    const { destination, metrics, log } = options
    this.#options = options
    this.#destination = destination
    this.#metrics = metrics
    this.#filling = this.#newRequest()
    this.#gate = new Gate({
      destination,
      log,
      onOpen: () => this.#pump(),
      busy: () => this.#inFlight > 0,
    })
  }

  /** True while the destination can be written to, otherwise the reason why it cannot. */
  get ready(): true | string {
    return this.#gate.ready
  }

  /** True while the queue is full: wait for `room()` before adding more. */
  get full(): boolean {
    return this.#queue.length >= MAX_QUEUED
  }

  /** Resolves when there is room; rejects when the signal aborts. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.full) {
      signal.throwIfAborted()
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.add(resolve)
      signal.addEventListener('abort', resolve as () => void, { once: true })
      await promise
      signal.removeEventListener('abort', resolve as () => void)
      this.#waiting.delete(resolve)
    }
  }

  /** Adds an item; `owner` learns the outcome of its `record`. */
  add(item: Item, owner: Settlement, record: number): void {
    const { layout, maxItems, lingerMs } = this.#options
    if (!this.#filling.add(item, owner, record)) {
      this.#seal()
      if (!this.#filling.add(item, owner, record)) {
        // The item is larger than a whole request may be, so it is sent alone.
        this.#filling = this.#newRequest(layout.bytes(item))
        this.#filling.add(item, owner, record)
      }
    }
    if (this.#filling.count === maxItems) this.#seal()
    else this.#linger ??= setTimeout(() => this.#seal(), lingerMs)
  }

  /** Unsettled records stay unsettled: their batches are delivered again, to this replica or another. */
  stop(): void {
    this.#stopped = true
    this.#gate.stop()
    clearTimeout(this.#linger)
    clearTimeout(this.#pause)
  }

  #seal(): void {
    clearTimeout(this.#linger)
    this.#linger = undefined
    if (this.#filling.count === 0) return
    this.#queue.push(this.#filling)
    this.#filling = this.#newRequest()
    this.#pump()
  }

  #newRequest(atLeast = 0): Request<Item> {
    const { layout, maxBytes, maxItems } = this.#options
    const free = atLeast <= maxBytes ? this.#free.pop() : undefined
    return free ?? new Request(layout, Math.max(maxBytes, atLeast), maxItems)
  }

  #recycle(request: Request<Item>): void {
    request.clear()
    if (this.#free.length < MAX_FREE && request.capacity === this.#options.maxBytes) this.#free.push(request)
  }

  #pump(): void {
    while (
      this.#queue.length > 0 &&
      this.#inFlight < this.limit.value &&
      this.#gate.open &&
      this.#pause === undefined &&
      !this.#stopped
    ) {
      void this.#send(this.#queue.shift()!)
    }
    if (!this.full) for (const resolve of this.#waiting) resolve()
  }

  async #send(request: Request<Item>): Promise<void> {
    this.#metrics.inFlight.set(++this.#inFlight)
    request.sentAt = performance.now()
    try {
      this.#settle(request, await this.#destination.send(request))
    } catch (error) {
      this.#failed(request, error as DestinationError)
    }
    this.#metrics.inFlight.set(--this.#inFlight)
    this.#metrics.limit.set(this.limit.value)
    this.#pump()
  }

  #settle(request: Request<Item>, reply: Reply): void {
    this.#gate.requestEnded()
    const again: number[] = []
    let overloaded = false
    for (let i = 0; i < request.count; i++) {
      const owner = request.owners[i]
      switch (reply.verdict(i)) {
        case 'created':
          owner.delivered()
          break
        case 'duplicate':
          owner.duplicate()
          break
        case 'refused':
          this.#refuse(request, i, 'rejected', reply.refusal(i))
          break
        case 'held':
          owner.fault ??= reply.fault(i)
          owner.hold(request.records[i])
          break
        case 'overloaded':
          overloaded = true
          if (!owner.signal.aborted) again.push(i)
      }
    }
    this.#metrics.seconds.observe((performance.now() - request.sentAt) / 1000)
    this.#metrics.requests.inc({ outcome: overloaded ? 'overloaded' : 'done' })
    if (overloaded) this.limit.shrink(request.sentAt, performance.now())
    else this.limit.grow()
    if (again.length === 0) {
      this.#setbacks = 0
      return this.#recycle(request)
    }
    request.keep(again)
    this.#again(request)
  }

  #refuse(request: Request<Item>, i: number, code: string, message: string): void {
    request.owners[i].refused(request.records[i], this.#destination.step, { code, message })
  }

  /** The request failed as a whole. */
  #failed(request: Request<Item>, error: DestinationError): void {
    const { kind } = error
    this.#metrics.requests.inc({ outcome: error.code ?? 'failed' })
    if (kind === 'rejected') return this.#halve(request, error)
    if (kind === 'overloaded' || kind === 'timeout') this.limit.shrink(request.sentAt, performance.now())
    if (kind !== 'overloaded') this.#gate.close(error)
    request.keep(placesWanted(request))
    if (request.count > 0) return this.#again(request)
    this.#gate.requestEnded()
    this.#recycle(request)
  }

  /** The destination will not accept this request. Its halves tell which item is to blame. */
  #halve(request: Request<Item>, { code, message }: DestinationError): void {
    if (request.count === 1) {
      this.#refuse(request, 0, code, message)
      return this.#recycle(request)
    }
    const other = this.#newRequest(request.length)
    request.splitInto(other)
    this.#queue.unshift(request, other)
  }

  #again(request: Request<Item>): void {
    this.#queue.unshift(request)
    this.#setbacks++
    if (this.#setbacks === 10)
      this.#options.log.warn(
        `${this.#destination.name} has rejected ten requests in a row; it may be too small for this load`,
      )
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined
      this.#pump()
    }, backOff(this.#setbacks))
  }
}

/** The places of items whose batch still belongs to this replica. */
function placesWanted({ count, owners }: Request<unknown>): number[] {
  const places: number[] = []
  for (let i = 0; i < count; i++) {
    if (!owners[i].signal.aborted) places.push(i)
  }
  return places
}
