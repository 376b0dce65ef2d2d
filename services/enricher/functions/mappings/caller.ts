/**
 * Invokes the function of a mapping and reports the outcome to metrics, LastProcessingResult and the
 * destination.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Appender, RecordBatch } from '@weir/kafka'
import { Counter, Histogram, type Logger, metrics } from '@weir/service'
import {
  type CallResult,
  type DeliveryPort,
  deliver,
  type EventRecord,
  firstFailure,
  type InvokeResult,
} from './delivery.ts'
import type { BatchDestination, FailedBatch } from './destinations.ts'
import type { KeyedRecord } from './events.ts'
import { batchesOf, lanesOf } from './lanes.ts'
import { type Mapping, targetOf } from './mapping.ts'
import type { Output, OutputRecords } from './output.ts'
import { openPlaces } from './places.ts'
import type { Lost, Place, Stretch } from './stretch.ts'
import { returnedState, type WindowPort } from './windows.ts'

const invocations = new Counter({
  name: 'weir_function_invocations_total',
  labelNames: ['function', 'result'],
  registers: [metrics],
  help: 'Invocations by event source mappings. Records that cannot be read, and are not invoked with, count as an error.',
})
const batchSizes = new Histogram({
  name: 'weir_function_batch_records',
  help: 'Records of an invocation.',
  labelNames: ['function'],
  registers: [metrics],
  buckets: [1, 10, 50, 100, 500, 1000, 5000, 10_000],
})
const discards = new Counter({
  name: 'weir_function_discarded_records_total',
  labelNames: ['function', 'condition'],
  registers: [metrics],
  help: 'Records given up after their last attempt, for their age, or because they cannot be read.',
})

/** Lambda's texts for LastProcessingResult. */
const OK = 'OK'
const CALL_FAILED = 'PROBLEM: Function call failed'
const THROTTLED = 'PROBLEM: Function throttled'

/** The answers to the records of one read go into one transaction, which takes 64 MiB. */
const MAX_ANSWERED_BYTES = 60 << 20

const TOO_MUCH_RETURNED =
  'The function returned more than a transaction takes; return less, or lower BatchSize or ' +
  'ParallelizationFactor.'

const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal })

export interface CallerDeps {
  readonly log: Logger
  readonly account: { readonly region: string; readonly accountId: string }
  /** Invokes the function once. Rejects if the invocation was ended from outside, and so does not count. */
  invoke(functionName: string, payload: Buffer, requestId: string, signal: AbortSignal): Promise<CallResult>
  /** Sets the mapping's LastProcessingResult. */
  report(result: string): void
}

/** The topic and the transaction for the records that functions return. */
export interface Out {
  readonly output: Output
  readonly appender: Appender
  /** Bytes that still fit into the transaction. */
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
    const { region, accountId } = deps.account
    this.#functionArn = `arn:aws:lambda:${region}:${accountId}:function:${targetOf(mapping)}`
    this.#places = openPlaces(mapping.maxConcurrency ?? Infinity)
  }

  /** Passes the records to the function, and writes its answers to `out` in the order of the records. */
  async handle({ place, records }: Stretch, out: Out | undefined, signal: AbortSignal): Promise<void> {
    const { settings } = this.#mapping
    const answers: { readonly offset: number; readonly answer: OutputRecords }[] = []
    await Promise.all(
      lanesOf(records, settings.parallelization).map(async (lane) => {
        const port = this.#lanePort(place, out, (offset, answer) => answers.push({ offset, answer }))
        for (const batch of batchesOf(lane, settings.batchSize)) await deliver(batch, settings, port, signal)
      }),
    )
    for (const { answer } of answers.sort((a, b) => a.offset - b.offset))
      out!.output.append(out!.appender, answer)
  }

  #lanePort(
    place: Place,
    out: Out | undefined,
    answered: (offset: number, answer: OutputRecords) => void,
  ): DeliveryPort<OutputRecords | undefined> {
    // Bytes reserved for the newest answer, until its records have succeeded.
    let reserved = 0
    const giveBack = (): void => {
      if (out !== undefined) out.room += reserved
      reserved = 0
    }
    const discard = this.#discard(place)
    return {
      invoke: (records, signal) => {
        giveBack()
        return this.#invoke(
          place.event(records),
          records,
          (response) => {
            if (out === undefined) return undefined
            const answer = out.output.encode(response)
            if (answer.bytes > out.room) throw new Error(TOO_MUCH_RETURNED)
            out.room -= reserved = answer.bytes
            return answer
          },
          signal,
        )
      },
      succeeded: (records, answer) => {
        reserved = 0
        if (answer !== undefined) answered((records[0] as KeyedRecord).offset, answer)
      },
      discard: (...given) => {
        giveBack()
        return discard(...given)
      },
      now: Date.now,
      pause,
    }
  }

  /**
   * @param decide extracts from the function's answer what the mapping uses; if it throws, the invocation
   * fails
   */
  async #invoke<A>(
    event: string,
    records: readonly EventRecord[],
    decide: (response: unknown) => A,
    signal: AbortSignal,
  ): Promise<InvokeResult<A>> {
    const { functionName, id } = this.#mapping
    await this.#places.take(signal)
    const calling = this.#deps.invoke(targetOf(this.#mapping), Buffer.from(event), randomUUID(), signal)
    const called = await calling.finally(this.#places.giveBack)
    const result =
      called.kind === 'success'
        ? { ...this.#decided(called.response, records, decide), executedVersion: called.executedVersion }
        : called
    invocations.inc({ function: functionName, result: result.kind })
    if (result.kind !== 'throttled') batchSizes.observe({ function: functionName }, records.length)
    if (result.kind === 'error') {
      this.#deps.log.debug(
        { function: functionName, mapping: id, error: result.error },
        'an invocation failed',
      )
    }
    const failed = result.kind === 'error' || (result.kind === 'success' && result.failure !== undefined)
    this.#deps.report(result.kind === 'throttled' ? THROTTLED : failed ? CALL_FAILED : OK)
    return result
  }

  #decided<A>(
    response: unknown,
    records: readonly EventRecord[],
    decide: (response: unknown) => A,
  ): InvokeResult<A> {
    try {
      const failure = this.#mapping.settings.reportItemFailures ? firstFailure(response, records) : undefined
      return { kind: 'success', answer: decide(response), failure }
    } catch (error) {
      return { kind: 'error', error: (error as Error).message }
    }
  }

  #discard(place: Place): DeliveryPort['discard'] {
    return (records, why, signal) =>
      this.#giveUp(
        {
          ...why,
          first: records[0],
          last: records[records.length - 1],
          count: records.length,
          origin: place.origin,
          payloadBytes: records.reduce((sum, { json }) => sum + json.length, 0),
          event: () => place.event(records),
        },
        signal,
      )
  }

  async #giveUp(batch: Omit<FailedBatch, 'mappingId' | 'functionArn'>, signal: AbortSignal): Promise<void> {
    const { id, functionName } = this.#mapping
    const { condition, invocations: count, error, first } = batch
    discards.inc({ function: functionName, condition }, batch.count)
    this.#deps.log.warn(
      {
        function: functionName,
        mapping: id,
        condition,
        invocations: count,
        error,
        records: batch.count,
        first: first.identifier,
      },
      'records were given up',
    )
    await this.#destination?.send(
      { ...batch, mappingId: id, functionArn: this.#functionArn },
      randomUUID(),
      signal,
    )
  }

  /** Gives up records that cannot be read, without an invocation. */
  async lose({ records, condition, error }: Lost, place: Place, signal: AbortSignal): Promise<void> {
    this.#lost(error)
    await this.#discard(place)(records, { condition, invocations: 0, reported: false, error }, signal)
  }

  /**
   * Gives up a batch that the broker port cannot read.
   * @param place undefined if the batch's shard is not known; the batch is then only logged
   */
  async loseBatch(
    firstOffset: number,
    { partition, nextOffset }: RecordBatch,
    reason: string,
    place: Place | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    this.#lost(reason)
    if (place === undefined) {
      const details = { mapping: this.#mapping.id, partition, firstOffset, nextOffset, error: reason }
      this.#deps.log.warn(details, 'a batch that cannot be read was passed over; its shard is not known')
      return
    }
    await this.#giveUp(
      {
        condition: 'DESERIALIZATION_ERROR',
        invocations: 0,
        reported: false,
        error: reason,
        first: place.named(firstOffset),
        last: place.named(nextOffset - 1),
        count: nextOffset - firstOffset,
        payloadBytes: 0,
        event: undefined,
        origin: place.origin,
      },
      signal,
    )
  }

  #lost(error: string): void {
    invocations.inc({ function: this.#mapping.functionName, result: 'error' })
    this.#deps.report(`PROBLEM: ${error}`)
  }

  /** Connects a shard's tumbling windows with the function and the destination. */
  windowPort(place: Place): Omit<WindowPort, 'save'> {
    return {
      reduce: (records, window, signal) =>
        this.#invoke(place.event(records, window), records, returnedState, signal),
      close: (window, signal) => this.#invoke(place.event([], window), [], () => undefined, signal),
      abandon: (offset, why, signal) => {
        const last = place.named(offset - 1)
        const nothing = { first: last, last, count: 0, payloadBytes: 0, event: undefined }
        return this.#giveUp({ ...why, ...nothing, origin: place.origin }, signal)
      },
      discard: this.#discard(place),
      now: Date.now,
      pause,
    }
  }
}
