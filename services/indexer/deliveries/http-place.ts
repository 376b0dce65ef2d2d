/** HTTP endpoints. Records that one does not take are given up after the time of retries. */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Account, deliveryStreamArn } from '@weir/aws'
import type { HttpEndpoint } from '@weir/deliveries'
import type { Egress } from '@weir/egress'
import { backUp } from './backup.ts'
import { ErrorObject } from './error-object.ts'
import { type Frame, readFrames } from './frames.ts'
import { failureOf, failureWithoutAnswer, MAX_ANSWER_BYTES } from './http-answer.ts'
import { bodyOf, headersOf, requestIdOf, requestsOf } from './http-request.ts'
import type { ObjectStore } from './object-store.ts'
import type { Failure, Place } from './place.ts'

const ANSWER_TIMEOUT_MS = 180_000
const compress = promisify(gzip)

export interface HttpPlaceOptions {
  readonly account: Account
  readonly egress: Egress
  readonly store: ObjectStore
  /** Returns the current endpoint of the delivery stream. Throws if it was deleted. */
  endpointOf(stream: string): HttpEndpoint
}

export function httpPlace({ account, egress, store, endpointOf }: HttpPlaceOptions): Place {
  /** An endpoint that was changed gets the next attempt. */
  const send = async (
    stream: string,
    requestId: string,
    records: readonly Frame[],
    signal: AbortSignal,
  ): Promise<Failure | undefined> => {
    const endpoint = endpointOf(stream)
    const body = bodyOf(requestId, Date.now(), records)
    try {
      const answer = await egress.request({
        url: endpoint.url,
        method: 'POST',
        headers: headersOf(endpoint, requestId, deliveryStreamArn(account, stream)),
        body: endpoint.isCompressed ? await compress(body) : body,
        timeoutMs: ANSWER_TIMEOUT_MS,
        maxResponseBytes: MAX_ANSWER_BYTES + 1,
        signal,
      })
      return failureOf(answer, requestId, endpoint.accessKey)
    } catch (error) {
      signal.throwIfAborted()
      return failureWithoutAnswer(error)
    }
  }

  return {
    async deliver(delivery, attempts, signal) {
      const { stream, key, spool } = delivery
      const { retrySeconds, backsUpAll } = endpointOf(stream)
      const errors = new ErrorObject(delivery)
      let [count, time] = [0, 0]
      const deliverSome = async (records: readonly Frame[]): Promise<void> => {
        if (count === 0) time = records[0].time
        const requestId = requestIdOf(key, count++)
        const failure = await attempts.within(retrySeconds, () => send(stream, requestId, records, signal))
        if (failure !== undefined) await errors.add(records.map((frame) => ({ frame, failure })))
      }
      try {
        for await (const records of requestsOf(readFrames(spool.path, signal))) await deliverSome(records)
        await errors.store(time, store, attempts, signal)
        if (backsUpAll) await backUp(delivery, store, attempts, signal)
      } finally {
        await errors.remove()
      }
    },
  }
}
