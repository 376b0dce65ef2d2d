/**
 * Collects the results of rules for one batch: records of one delivery, records of streams, and messages that
 * are published again. Nothing waits until the batch is complete.
 */
import { randomUUIDv7 } from 'node:crypto'
import type { RuleActions } from '@weir/contracts'
import { type Delivery, encodeValue, KafkaError, NO_HEADERS, type Producer } from '@weir/kafka'
import { continueTrace, formatTraceparent } from '@weir/service'
import type { StreamEntry, StreamWriter } from '@weir/streams'
import { within } from '@weir/timing'
import type { DeviceMessage, DeviceMessages } from '../devices/message.ts'
import { RecordHeaders } from '../intake/record-headers.ts'
import type { Selected } from './actions/action.ts'
import type { ActionsTopic } from './actions-topic.ts'

export interface OutputOptions {
  readonly producer: Producer
  readonly streams: StreamWriter
  readonly actions: ActionsTopic
  readonly publish: DeviceMessages['publish']
}

/** How long a batch waits for the brokers, as requests do. */
const SETTLE_MS = 10_000
const MAX_NAME_LENGTH = 128
/** A header block of the hub has the id, the source, the client and the trace. */
const MAX_BLOCK_BYTES = 2048
/** Bytes that the rules may make of one message, and of those that are stored together. */
const MAX_MESSAGE_BYTES = 8 << 20
const MAX_BYTES = 16 << 20

interface StreamEntries {
  readonly entries: StreamEntry[]
  readonly ids: string[]
  readonly principals: string[]
  readonly owners: number[]
}

/** The action that publishes a message. */
export interface Source {
  readonly selected: Selected
  readonly number: number
}

export interface Refused extends Source {
  /** The message of the batch for which it was published. */
  readonly owner: number
  readonly topic: string
  readonly error: Error
}

export class Output {
  readonly #options: OutputOptions
  /** One for each message that was begun. */
  readonly #errors: (Error | undefined)[] = []
  readonly #headers = new Map<string, RecordHeaders>()
  #batch: string | undefined
  #trace: string | undefined
  #delivery: Delivery | undefined
  /** The message of each append, by topic and partition. */
  readonly #owners = new Map<string, number[][]>()
  readonly #streams = new Map<string, StreamEntries>()
  readonly #published: DeviceMessage[] = []
  readonly #publishers: (Source & { readonly owner: number })[] = []
  /** Messages that are published again, and that will never be taken. */
  readonly refused: Refused[] = []
  /** The message whose actions are under way, and the bytes that they and all before them have made. */
  #current = -1
  #currentBytes = 0
  #bytes = 0
  /** Why nothing more is appended: later records must not overtake an earlier one. */
  halt: KafkaError | undefined

  constructor(options: OutputOptions) {
    this.#options = options
  }

  /** Begins the next message of the batch. */
  begin(): void {
    this.#current++
    this.#currentBytes = 0
    this.#errors.push(this.halt)
  }

  /** Whether it should be stored before rules run over more messages. */
  get isLarge(): boolean {
    return this.#bytes > MAX_BYTES
  }

  /** Whether the rules may make no more of the current message. */
  get isFull(): boolean {
    return this.#currentBytes > MAX_MESSAGE_BYTES
  }

  /** The id of the current message, if its sender has not given it one. */
  newId(): string {
    this.#batch ??= randomUUIDv7()
    return `${this.#batch}-${this.#current}`
  }

  /** The headers of a record that a client's message has led to. */
  headersOf(principal: string): RecordHeaders {
    const name = principal.slice(0, MAX_NAME_LENGTH)
    let headers = this.#headers.get(name)
    if (headers === undefined) {
      headers = new RecordHeaders(name, this.traceparent, name)
      this.#headers.set(name, headers)
    }
    return headers
  }

  get traceparent(): string {
    return (this.#trace ??= formatTraceparent(continueTrace(undefined)))
  }

  /** Appends a record whose bytes begin at the beginning of their buffers. */
  append(
    topic: string,
    partition: number,
    key: Buffer | null,
    keyEnd: number,
    value: Buffer,
    valueEnd: number,
    headers: Buffer,
    headersEnd: number,
  ): void {
    if (this.halt !== undefined) return
    this.#count(valueEnd + headersEnd)
    this.#delivery ??= this.#options.producer.delivery()
    try {
      this.#delivery.append(topic, partition, key, 0, keyEnd, value, 0, valueEnd, headers, 0, headersEnd)
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      this.halt = error
      this.#errors[this.#current] = error
      return
    }
    let partitions = this.#owners.get(topic)
    if (partitions === undefined) this.#owners.set(topic, (partitions = []))
    const owners = partitions[partition]
    if (owners === undefined) partitions[partition] = [this.#current]
    else owners.push(this.#current)
  }

  put(stream: string, data: Buffer, key: string, id: string, principal: string): void {
    this.#count(data.length)
    let found = this.#streams.get(stream)
    if (found === undefined)
      this.#streams.set(stream, (found = { entries: [], ids: [], principals: [], owners: [] }))
    found.entries.push({ data, key, hashKey: undefined })
    found.ids.push(id)
    found.principals.push(principal)
    found.owners.push(this.#current)
  }

  publish(message: DeviceMessage, source: Source): void {
    this.#count(message.payload.length)
    this.#published.push(message)
    this.#publishers.push({ ...source, owner: this.#current })
  }

  /** Appends actions that leave Weir's Kafka. */
  store(actions: RuleActions): void {
    const { writer, nextPartition } = this.#options.actions
    const value = encodeValue(writer, actions)
    const { topic } = writer
    this.append(topic, nextPartition(), null, 0, value, value.length, NO_HEADERS, NO_HEADERS.length)
  }

  /**
   * Resolves when everything is stored or has failed: to the error of each message of which a part is not known
   * to be stored.
   */
  async settle(): Promise<(Error | undefined)[]> {
    const waits: Promise<void>[] = []
    if (this.#delivery !== undefined) waits.push(this.#settleDelivery(this.#delivery))
    for (const [stream, found] of this.#streams) waits.push(this.#settleStream(stream, found))
    if (this.#published.length > 0) waits.push(this.#settlePublished())
    if (waits.length > 0) await Promise.all(waits)
    return this.#errors
  }

  #count(bytes: number): void {
    this.#currentBytes += bytes
    this.#bytes += bytes
  }

  async #settleDelivery(delivery: Delivery): Promise<void> {
    const failures = await within(SETTLE_MS, delivery.settled(), () => undefined)
    if (failures === undefined) {
      const error = new KafkaError('timeout', 'Storing what rules make of messages')
      for (const partitions of this.#owners.values())
        for (const owners of partitions) for (const owner of owners ?? []) this.#errors[owner] ??= error
      return
    }
    for (const { topic, partition, fromIndex, error } of failures)
      for (const owner of this.#owners.get(topic)![partition].slice(fromIndex)) this.#errors[owner] ??= error
  }

  async #settleStream(stream: string, { entries, ids, principals, owners }: StreamEntries): Promise<void> {
    const block = Buffer.allocUnsafe(MAX_BLOCK_BYTES)
    const end = (i: number): number => {
      const headers = this.headersOf(principals[i])
      const length = headers.write(ids[i])
      headers.block.copy(block, 0, 0, length)
      return length
    }
    try {
      const { fates, error } = await this.#options.streams.put(stream, entries, { block, end })
      fates.forEach((fate, i) => {
        if (typeof fate === 'string')
          this.#errors[owners[i]] ??= error ?? new Error(`A record of the stream ${stream} has ${fate}.`)
      })
    } catch (error) {
      for (const owner of owners) this.#errors[owner] ??= error as Error
    }
  }

  async #settlePublished(): Promise<void> {
    const results = await this.#options.publish(this.#published)
    results.forEach((error, i) => {
      if (error === undefined) return
      const publisher = this.#publishers[i]
      if (isFinal(error)) this.refused.push({ ...publisher, topic: this.#published[i].topic, error })
      else this.#errors[publisher.owner] ??= error
    })
  }
}

/** Errors of messages that no other attempt would help say so. */
const isFinal = (error: Error): boolean => (error as { readonly retriable?: boolean }).retriable === false
