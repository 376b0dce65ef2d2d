/**
 * Merges documents of several batches into bulk requests, and completes each of them. Requests that fail are
 * sent again, and so are documents for which the engine is too busy. Batches learn which documents the engine
 * refuses, and which are held back because their index is at fault. Writers wait while too much is queued.
 */

import type { Logger } from '@weir/service'
import type { BulkItem, BulkReply, SearchEngine } from '../engines/engine.ts'
import { EngineError } from '../engines/errors.ts'
import { remedyFor, verdictOf } from '../engines/verdicts.ts'
import { Bulk, lineBytes } from './bulk.ts'
import { Gate } from './gate.ts'
import { backOff, InFlightLimit } from './in-flight.ts'
import { bulkMetrics } from './metrics.ts'
import type { Fault, Settlement } from './settlement.ts'

export interface BulkerOptions {
  readonly engine: SearchEngine
  /** Prepares the engine for documents; repeated after every outage. */
  readonly prepare: () => Promise<void>
  readonly log: Logger
  /**
   * A request is sent when it has `maxBytes` bytes (5 MB) or `maxDocuments` documents (2,000), or after
   * `lingerMs` (50 ms).
   */
  readonly maxBytes?: number
  readonly maxDocuments?: number
  readonly lingerMs?: number
}

/** The maximum number of full requests in the queue, in addition to those in flight. */
const MAX_QUEUED = 4
/** Requests kept for reuse. */
const MAX_FREE = 8
/** The maximum length of an engine's message in the log, in characters. */
const MAX_REASON_LENGTH = 500

export class Bulker {
  readonly limit = new InFlightLimit()
  readonly #engine: SearchEngine
  readonly #gate: Gate
  readonly #log: Logger
  readonly #maxBytes: number
  readonly #maxDocuments: number
  readonly #lingerMs: number
  readonly #free: Bulk[] = []
  #filling: Bulk
  /** Retries at the head, new requests at the tail. */
  readonly #queue: Bulk[] = []
  #inFlight = 0
  #linger: NodeJS.Timeout | undefined
  #pause: NodeJS.Timeout | undefined
  /** The number of consecutive setbacks: requests that had to be sent again. */
  #setbacks = 0
  readonly #waiting = new Set<() => void>()
  #stopped = false

  constructor({
    engine,
    prepare,
    log,
    maxBytes = 5_000_000,
    maxDocuments = 2000,
    lingerMs = 50,
  }: BulkerOptions) {
    this.#engine = engine
    this.#log = log
    this.#maxBytes = maxBytes
    this.#maxDocuments = maxDocuments
    this.#lingerMs = lingerMs
    this.#filling = new Bulk(maxBytes, maxDocuments)
    this.#gate = new Gate({
      engine,
      prepare,
      log,
      onOpen: () => this.#pump(),
      busy: () => this.#inFlight > 0,
    })
  }

  /** True while the engine can be written to, otherwise the reason why it cannot. */
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

  /** Adds a document. `id` and `document` are JSON; `owner` learns the outcome of its `record`. */
  add(action: string, id: string, document: string, owner: Settlement, record: number): void {
    if (!this.#filling.add(action, id, document, owner, record)) {
      this.#seal()
      if (!this.#filling.add(action, id, document, owner, record)) {
        // The document is larger than a whole request may be, so it is sent alone.
        this.#filling = new Bulk(lineBytes(action, id, document), this.#maxDocuments)
        this.#filling.add(action, id, document, owner, record)
      }
    }
    if (this.#filling.count === this.#maxDocuments) this.#seal()
    else this.#linger ??= setTimeout(() => this.#seal(), this.#lingerMs)
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
    this.#filling = this.#newBulk()
    this.#pump()
  }

  #newBulk(atLeast = 0): Bulk {
    const free = atLeast <= this.#maxBytes ? this.#free.pop() : undefined
    return free ?? new Bulk(Math.max(this.#maxBytes, atLeast), this.#maxDocuments)
  }

  #recycle(bulk: Bulk): void {
    bulk.clear()
    if (this.#free.length < MAX_FREE && bulk.capacity === this.#maxBytes) this.#free.push(bulk)
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

  async #send(bulk: Bulk): Promise<void> {
    this.#inFlight++
    bulkMetrics.inFlight.set(this.#inFlight)
    bulk.sentAt = performance.now()
    try {
      const { items } = await this.#engine.bulk(bulk.body())
      if (items.length !== bulk.count)
        throw new EngineError(
          'unavailable',
          `${this.#engine.name} answered for ${items.length} of ${bulk.count} documents`,
        )
      this.#settle(bulk, items)
    } catch (error) {
      this.#failed(bulk, error as EngineError)
    }
    bulkMetrics.inFlight.set(--this.#inFlight)
    bulkMetrics.limit.set(this.limit.value)
    this.#pump()
  }

  #settle(bulk: Bulk, items: BulkReply['items']): void {
    this.#gate.bulkEnded()
    const again: number[] = []
    let overloaded = false
    for (let i = 0; i < items.length; i++) {
      const owner = bulk.owners[i]
      switch (verdictOf(items[i])) {
        case 'created':
          owner.indexed()
          break
        case 'duplicate':
          owner.alreadyThere()
          break
        case 'refused':
          owner.refused(bulk.records[i], 'index', { code: 'rejected', message: whatItSays(items[i]) })
          break
        case 'held':
          owner.fault ??= faultOf(bulk.indexOf(i), items[i])
          owner.hold(bulk.records[i])
          break
        case 'overloaded':
          overloaded = true
          if (!owner.signal.aborted) again.push(i)
      }
    }
    bulkMetrics.seconds.observe((performance.now() - bulk.sentAt) / 1000)
    bulkMetrics.requests.inc({ outcome: overloaded ? 'overloaded' : 'done' })
    if (overloaded) this.limit.shrink(bulk.sentAt, performance.now())
    else this.limit.grow()
    if (again.length === 0) {
      this.#setbacks = 0
      return this.#recycle(bulk)
    }
    bulk.keep(again)
    this.#again(bulk)
  }

  /** The request failed as a whole. */
  #failed(bulk: Bulk, error: EngineError): void {
    bulkMetrics.requests.inc({ outcome: error.code ?? 'failed' })
    if (error.code === 'overloaded' || error.code === 'timeout')
      this.limit.shrink(bulk.sentAt, performance.now())
    if (error.code === 'rejected' || error.code === 'too-large') return this.#halve(bulk, error)
    if (error.code !== 'overloaded') this.#gate.close(error)
    bulk.keep(placesWanted(bulk))
    if (bulk.count > 0) return this.#again(bulk)
    this.#gate.bulkEnded()
    this.#recycle(bulk)
  }

  /** The engine will not accept this request. Its halves tell which document is to blame. */
  #halve(bulk: Bulk, error: EngineError): void {
    if (bulk.count === 1) {
      bulk.owners[0].refused(bulk.records[0], 'index', { code: error.code, message: error.message })
      return this.#recycle(bulk)
    }
    const other = this.#newBulk(bulk.length)
    bulk.splitInto(other)
    this.#queue.unshift(bulk, other)
  }

  #again(bulk: Bulk): void {
    this.#queue.unshift(bulk)
    this.#setbacks++
    if (this.#setbacks === 10)
      this.#log.warn(
        'the search engine has put off ten bulk requests in a row; it may be too small for this load',
      )
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined
      this.#pump()
    }, backOff(this.#setbacks))
  }
}

function whatItSays({ error, status }: BulkItem): string {
  if (!error) return `The engine answered ${status}.`
  const cause = error.caused_by?.reason
  return `${error.type}: ${error.reason ?? 'no reason given'}${cause ? ` (${cause})` : ''}`
}

const faultOf = (index: string, item: BulkItem): Fault => ({
  index,
  type: item.error?.type ?? `status ${item.status}`,
  reason: whatItSays(item).slice(0, MAX_REASON_LENGTH),
  remedy: remedyFor(item),
})

/** The places of documents whose batch still belongs to this replica. */
function placesWanted(bulk: Bulk): number[] {
  const places: number[] = []
  for (let i = 0; i < bulk.count; i++) {
    if (!bulk.owners[i].signal.aborted) places.push(i)
  }
  return places
}
