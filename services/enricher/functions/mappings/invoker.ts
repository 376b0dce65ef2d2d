/** Invokes the function of a mapping and tells metrics and LastProcessingResult how that ended. */
import { randomUUID } from 'node:crypto'
import { Counter, Histogram, type Logger, metrics } from '@weir/service'
import type { Functions } from '../functions.ts'
import { Throttled } from '../runtime/pool.ts'
import { Semaphore } from '../semaphore.ts'
import { type BatchResult, type DeliveryPort, type EventRecord, firstFailure } from './delivery.ts'
import { type Mapping, targetOf } from './mapping.ts'
import { responseOf } from './response.ts'

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

/** Lambda's texts for LastProcessingResult. */
const OK = 'OK'
const CALL_FAILED = 'PROBLEM: Function call failed'
const THROTTLED = 'PROBLEM: Function throttled'

const NO_RECORDS: readonly EventRecord[] = []

export interface InvokerDeps {
  readonly functions: Pick<Functions, 'invoke'>
  readonly log: Logger
  /** Sets the mapping's LastProcessingResult. */
  report(result: string): void
}

/**
 * The event and the response of an invocation.
 * @typeParam R the part of the response that the mapping uses
 */
export interface Exchange<R> {
  /** Makes the event, JSON. */
  event(records: readonly EventRecord[]): string
  /** If it throws, the invocation has failed. */
  read(response: unknown): R
  /** True if the event is about no records, whatever batch is being delivered. */
  readonly withoutRecords?: boolean
}

export class Invoker {
  readonly #mapping: Mapping
  readonly #deps: InvokerDeps
  readonly #concurrency: Semaphore

  constructor(mapping: Mapping, deps: InvokerDeps) {
    this.#mapping = mapping
    this.#deps = deps
    this.#concurrency = new Semaphore(mapping.maxConcurrency ?? Infinity)
  }

  /**
   * Returns the function that invokes for a DeliveryPort. It rejects if the invocation was ended from
   * outside, and so does not count.
   */
  invokes<R>({ event, read, withoutRecords = false }: Exchange<R>): DeliveryPort<R>['invoke'] {
    return async (batch, signal) => {
      const records = withoutRecords ? NO_RECORDS : batch
      const text = event(records)
      await this.#concurrency.acquire(signal)
      let result: BatchResult<R>
      try {
        const options = { requestId: randomUUID(), signal }
        const { functions } = this.#deps
        const invoked = await functions.invoke(targetOf(this.#mapping), Buffer.from(text), options)
        const response = responseOf(invoked, this.#mapping)
        const { executedVersion } = invoked
        result =
          response.kind === 'error'
            ? { ...response, executedVersion }
            : { ...this.#read(response.value, records, read), executedVersion }
      } catch (error) {
        if (!(error instanceof Throttled)) throw error
        result = { kind: 'throttled' }
      } finally {
        this.#concurrency.release()
      }
      this.#tell(result, records.length)
      return result
    }
  }

  #read<R>(
    response: unknown,
    records: readonly EventRecord[],
    read: (response: unknown) => R,
  ): Exclude<BatchResult<R>, { readonly kind: 'throttled' }> {
    try {
      const failure = this.#mapping.settings.reportItemFailures ? firstFailure(response, records) : undefined
      return { kind: 'success', response: read(response), failure }
    } catch (error) {
      return { kind: 'error', error: (error as Error).message }
    }
  }

  #tell(result: BatchResult<unknown>, records: number): void {
    const { functionName, id } = this.#mapping
    invocations.inc({ function: functionName, result: result.kind })
    if (result.kind === 'throttled') return this.#deps.report(THROTTLED)
    batchSizes.observe({ function: functionName }, records)
    if (result.kind === 'error') {
      const details = { function: functionName, mapping: id, error: result.error }
      this.#deps.log.debug(details, 'an invocation failed')
    }
    const failed = result.kind === 'error' || result.failure !== undefined
    this.#deps.report(failed ? CALL_FAILED : OK)
  }

  /** Counts records that cannot be read as a failed invocation. */
  unreadable(error: string): void {
    invocations.inc({ function: this.#mapping.functionName, result: 'error' })
    this.#deps.report(`PROBLEM: ${error}`)
  }
}
