/** Sends the requests of administration to brokers, and repeats them while that can help. */
import { createAPI, type Reader, Writer } from '@platformatic/kafka'
import { pause } from '@weir/timing'
import protocol from 'kafkajs/src/protocol/requests/index.js'
import { backoff } from '../client/backoff.ts'
import type { Cluster } from '../client/cluster.ts'
import type { Address } from '../client/connections.ts'
import { asKafkaError } from '../client/failure.ts'
import { brokerError } from '../client/protocol/codes.ts'
import { KafkaError } from '../errors.ts'

/** How long a call is retried while brokers come and go. */
const PATIENCE_MS = 15_000
/** The connections of administration, apart from those that carry records. */
export const LANE = 'admin'

/**
 * Repeats `ask` while a retry can help and the patience lasts.
 * @param what the beginning of the message of the KafkaError that a failure becomes
 */
export async function attempt<T>(cluster: Cluster, ask: () => Promise<T>, what: string): Promise<T> {
  const until = Date.now() + PATIENCE_MS
  for (let retry = 0; ; retry++) {
    try {
      return await ask()
    } catch (error) {
      const failure = asKafkaError(error, what)
      if (!failure.retriable || failure.code === 'stopped' || Date.now() > until)
        throw new KafkaError(failure.code, `${what}: ${failure.what}`, error)
    }
    await pause(backoff(retry, 50, 1000))
    await cluster.refresh()
  }
}

/**
 * Sends a request in kafkajs' encoding, given by its name there, in the newest version that kafkajs and the
 * broker both support. Returns the response as kafkajs decodes it, error codes included.
 */
export async function ask(cluster: Cluster, broker: Address, name: string, args: object): Promise<any> {
  const { versions, protocol: encodingOf } = protocol.requests[name]
  const { request: oldest } = encodingOf({ version: Number(versions[0]) })(args)
  const { newest } = await cluster.versions(broker)
  const supported = versions.map(Number).filter((version) => version <= (newest.get(oldest.apiKey) ?? -1))
  if (supported.length === 0) throw new KafkaError('unsupported', `The request ${name}`)
  const { request, response } = encodingOf({ version: Math.max(...supported) })(args)
  const payload = Buffer.from((await request.encode()).buffer)
  const api = createAPI<[], Buffer>(
    request.apiKey,
    request.apiVersion,
    () => Writer.create().append(payload),
    (_correlation, _key, _version, reader: Reader) => reader.buffer.buffer,
    false,
    false,
  )
  return response.decode(await cluster.call(broker, LANE, api))
}

/** @param what a sentence without its full stop, for instance "Topic orders cannot be created" */
export function refusal(code: number, what: string): KafkaError {
  const error = brokerError(code, 'the request')
  return new KafkaError(error.code, `${what}: ${error.what}`)
}
