/** Reads the outcome of an attempt from the errors of AWS's SDK. */
import { isFinalSdkError } from '@weir/aws'
import type { Answer } from '../delivery.ts'

/** The time limit of a request of the SDK. */
export const SDK_TIMEOUT_MS = 15_000

export function answerOf(error: unknown): Answer {
  const { name, message } = error as Error
  return { verdict: isFinalSdkError(error as Error) ? 'dead' : 'retry', status: name, text: message }
}

export const DELIVERED: Answer = { verdict: 'delivered', status: '200', text: null }

/** One client for each region, made when it is first needed: the SDK takes a while to load. */
export class Clients<T> {
  readonly #make: (region: string) => Promise<T>
  readonly #clients = new Map<string, Promise<T>>()

  constructor(make: (region: string) => Promise<T>) {
    this.#make = make
  }

  of(region: string): Promise<T> {
    let client = this.#clients.get(region)
    if (client === undefined) this.#clients.set(region, (client = this.#make(region)))
    return client
  }
}
