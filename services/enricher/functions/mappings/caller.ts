/** Invokes the function of a mapping, and says what became of it: in the figures, in LastProcessingResult, and at the destination. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Appender, RecordBatch } from '@weir/kafka'
import { Counter, Histogram, metrics, type Logger } from '@weir/service'
import { deliver, firstFailure, type Cause, type DeliveryPort, type EventRecord, type InvokeResult } from './delivery.ts'
import type { BatchDestination, FailedBatch } from './destinations.ts'
import type { KeyedRecord } from './events.ts'
import { batchesOf, lanesOf } from './lanes.ts'
import { targetOf, type Mapping } from './mapping.ts'
import type { Output, OutputRecords } from './output.ts'
import { openPlaces } from './places.ts'
import type { Lost, Place, Stretch } from './stretch.ts'
import { returnedState, type WindowPort } from './windows.ts'

/** Lambda's own figures for streams, by mapping. */
const invocations = new Counter({
  name: 'weir_function_invocations_total', labelNames: ['function', 'result'], registers: [metrics],
  help: 'Invocations by event source mappings. Records that cannot be read, and so never reach the function, count as a failed one.',
})
const batchSizes = new Histogram({
  name: 'weir_function_batch_records', help: 'Records of an invocation.', labelNames: ['function'], buckets: [1, 10, 50, 100, 500, 1000, 5000, 10_000], registers: [metrics],
})
const discards = new Counter({
  name: 'weir_function_discarded_records_total', labelNames: ['function', 'condition'], registers: [metrics],
  help: 'Records given up after their last attempt, for their age, or because they cannot be read.',
})

/** LastProcessingResult, in Lambda's words. */
const OK = 'OK'
const CALL_FAILED = 'PROBLEM: Function call failed'
const THROTTLED = 'PROBLEM: Function throttled'

/** Bytes of what functions may answer to what was read at once: it goes into one transaction. */
const MAX_ANSWERED_BYTES = 60 << 20

const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal })

export interface CallerDeps {
  readonly log: Logger
  readonly account: { readonly region: string, readonly accountId: string }
  /** One invocation; rejects where it was ended from outside and so does not count. */
  invoke(functionName: string, payload: Buffer, requestId: string, signal: AbortSignal): Promise<InvokeResult<undefined>>
  /** Takes the mapping's LastProcessingResult. */
  report(result: string): void
}

/** Where what functions return goes. */
export interface Out {
  readonly output: Output
  readonly appender: Appender
  /** Bytes that the transaction still takes. */
  room: number
}

export function outOf(output: Output | undefined, appender: Appender | undefined): Out | undefined {
  return output && appender && { output, appender, room: MAX_ANSWERED_BYTES }
}

export class Caller {
  readonly #mapping: Mapping
  readonly #deps: CallerDeps
  readonly #destination: BatchDestination | undefined
  readonly #functionArn: string
  readonly #places: ReturnType<typeof openPlaces>

  constructor(mapping: Mapping, deps: CallerDeps, destination: BatchDestination | undefined) {
    this.#mapping = mapping
    this.#deps = deps
    this.#destination = destination
    this.#functionArn = `arn:aws:lambda:${deps.account.region}:${deps.account.accountId}:function:${targetOf(mapping)}`
    this.#places = openPlaces(mapping.maxConcurrency ?? Infinity)
  }

  /** Everything that was read, through the function. What it answered goes out in the order of the records. */
  async handle({ place, records }: Stretch, out: Out | undefined, signal: AbortSignal): Promise<void> {
    const { settings } = this.#mapping
    const answers: { readonly offset: number, readonly answer: OutputRecords }[] = []
    await Promise.all(lanesOf(records, settings.parallelization).map(async (lane) => {
      const port = this.#lanePort(place, out, (offset, answer) => answers.push({ offset, answer }))
      for (const batch of batchesOf(lane, settings.batchSize)) await deliver(batch, settings, port, signal)
    }))
    for (const { answer } of answers.sort((a, b) => a.offset - b.offset)) out!.output.append(out!.appender, answer)
  }

  #lanePort(place: Place, out: Out | undefined, answered: (offset: number, answer: OutputRecords) => void): DeliveryPort<OutputRecords | undefined> {
    // Of the newest answer, until its records have succeeded.
    let reserved = 0
    return {
      invoke: (records, signal) => {
        if (out !== undefined) out.room += reserved
        reserved = 0
        return this.#invoke(place.event(records), records, (response) => {
          if (out === undefined) return undefined
          const answer = out.output.encode(response)
          if (answer.bytes > out.room) throw new Error('The function returned more than one transaction takes; return less, or lower BatchSize or ParallelizationFactor.')
          out.room -= reserved = answer.bytes
          return answer
        }, signal)
      },
      succeeded: (records, answer) => {
        reserved = 0
        if (answer !== undefined) answered((records[0] as KeyedRecord).offset, answer)
      },
      discard: this.#discard(place), now: Date.now, pause,
    }
  }

  /** @param decide makes of what the function answered what is used of it; throws a sentence for what cannot be used, and then the invocation has failed */
  async #invoke<A>(event: string, records: readonly EventRecord[], decide: (response: unknown) => A, signal: AbortSignal): Promise<InvokeResult<A>> {
    const { functionName, id, settings } = this.#mapping
    await this.#places.take(signal)
    const called = await this.#deps.invoke(targetOf(this.#mapping), Buffer.from(event), randomUUID(), signal).finally(this.#places.giveBack)
    const result = called.kind === 'success' ? decided(called.response, decide) : called
    invocations.inc({ function: functionName, result: result.kind })
    if (result.kind !== 'throttled') batchSizes.observe({ function: functionName }, records.length)
    if (result.kind === 'throttled') this.#deps.report(THROTTLED)
    else {
      const failed = result.kind === 'error' || (settings.reportItemFailures && firstFailure(result.response, records) !== undefined)
      this.#deps.report(failed ? CALL_FAILED : OK)
    }
    if (result.kind === 'error') this.#deps.log.debug({ function: functionName, mapping: id, error: result.error }, 'an invocation failed')
    return result
  }

  #discard(place: Place): DeliveryPort['discard'] {
    return (records, why, signal) => this.#giveUp({
      ...why, first: records[0], last: records[records.length - 1], count: records.length, origin: place.origin,
      payloadBytes: records.reduce((sum, { json }) => sum + json.length, 0), event: () => place.event(records),
    }, signal)
  }

  async #giveUp(batch: Omit<FailedBatch, 'mappingId' | 'functionArn'>, signal: AbortSignal): Promise<void> {
    const { id, functionName } = this.#mapping
    const { condition, invocations: count, error, first } = batch
    discards.inc({ function: functionName, condition }, batch.count)
    this.#deps.log.warn({ function: functionName, mapping: id, condition, invocations: count, error, records: batch.count, first: first.identifier }, 'records were given up')
    await this.#destination?.send({ ...batch, mappingId: id, functionArn: this.#functionArn }, randomUUID(), signal)
  }

  /** Gives up records that cannot be read, before anything is invoked. */
  async lose({ records, condition, error }: Lost, place: Place, signal: AbortSignal): Promise<void> {
    this.#lost(error)
    await this.#discard(place)(records, { condition, invocations: 0, reported: false, error }, signal)
  }

  /** The same for a batch that the broker port cannot read. @param place undefined where it is not known of which shard it is */
  async loseBatch(firstOffset: number, { partition, nextOffset }: RecordBatch, reason: string, place: Place | undefined, signal: AbortSignal): Promise<void> {
    this.#lost(reason)
    if (place === undefined) {
      this.#deps.log.warn({ mapping: this.#mapping.id, partition, firstOffset, nextOffset, error: reason }, 'a batch that cannot be read is of no shard that is known, and was passed over')
      return
    }
    await this.#giveUp({
      condition: 'DESERIALIZATION_ERROR', invocations: 0, reported: false, error: reason, first: place.named(firstOffset), last: place.named(nextOffset - 1),
      count: nextOffset - firstOffset, payloadBytes: 0, event: undefined, origin: place.origin,
    }, signal)
  }

  #lost(error: string): void {
    invocations.inc({ function: this.#mapping.functionName, result: 'error' })
    this.#deps.report(`PROBLEM: ${error}`)
  }

  /** How the tumbling windows of a shard reach the function and the destination. */
  windowPort(place: Place): Omit<WindowPort, 'save'> {
    return {
      reduce: (records, window, signal) => this.#invoke(place.event(records, window), records, returnedState, signal),
      close: (window, signal) => this.#invoke(place.event([], window), [], () => undefined, signal),
      abandon: (offset, why: Cause, signal) => {
        const last = place.named(offset - 1)
        return this.#giveUp({ ...why, first: last, last, count: 0, payloadBytes: 0, event: undefined, origin: place.origin }, signal)
      },
      discard: this.#discard(place), now: Date.now, pause,
    }
  }
}

function decided<A>(response: unknown, decide: (response: unknown) => A): InvokeResult<A> {
  try {
    return { kind: 'success', response, answer: decide(response) }
  } catch (error) {
    return { kind: 'error', error: (error as Error).message }
  }
}
