/** A stream for made-up requests, which are sent side by side, and what their answers may be. */
import { servers, uniqueName } from '@weir/testkit'
import { decode, encode } from 'cborg'
import { expect, vi } from 'vitest'
import { type Hub, prepare, startHub } from '../../../testing/hub.ts'

export const ACCOUNT = '000000000000'
/** The shard that has the stream's one record. */
export const SHARD = 'shardId-000000000000'
/** The number of concurrent requests. */
const AT_ONCE = 16
/** Errors quote only a part of each value. */
const MAX_ERROR_BYTES = 16 << 10

export interface Answer {
  readonly status: number
  readonly body: any
}

export type Request = readonly [operation: string, input: unknown]

/** A stream of two shards with two consumers and one record, at a hub of its own. */
export interface HostileStream {
  readonly name: string
  readonly arn: string
  readonly consumerArn: string
  readonly sequenceNumber: string
  ask(operation: string, input: unknown): Promise<Answer>
  askInCbor(operation: string, input: unknown): Promise<Answer>
  /** Expects success. Returns the body of the answer. */
  good(operation: string, input: object): Promise<any>
  /** Sends all requests. Returns those whose answers are not allowed. */
  wrongAnswers(
    requests: readonly Request[],
    allowed: (answer: Answer) => boolean,
    send?: HostileStream['ask'],
  ): Promise<string[]>
  stop(): Promise<void>
}

export async function openHostileStream(): Promise<HostileStream> {
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry()])
  const backends = { brokers, registryUrl: url }
  const { stop } = await prepare(backends)
  await stop()
  const hub = await startHub(backends)
  const name = uniqueName('hostile')
  const arn = `arn:aws:kinesis:us-east-1:${ACCOUNT}:stream/${name}`
  const ask: HostileStream['ask'] = (operation, input) => askJson(hub, operation, input)
  const good: HostileStream['good'] = async (operation, input) => {
    const { status, body } = await ask(operation, input)
    expect([status, body]).toEqual([200, expect.anything()])
    return body
  }
  await good('CreateStream', { StreamName: name, ShardCount: 2 })
  await vi.waitFor(
    async () => {
      const { StreamDescriptionSummary: summary } = await good('DescribeStreamSummary', { StreamName: name })
      expect(summary.StreamStatus).toBe('ACTIVE')
    },
    { timeout: 30_000 },
  )
  const { Consumer } = await good('RegisterStreamConsumer', { StreamARN: arn, ConsumerName: 'one' })
  await good('RegisterStreamConsumer', { StreamARN: arn, ConsumerName: 'two' })
  const put = { StreamName: name, PartitionKey: 'k', ExplicitHashKey: '0', Data: 'aGVsbG8=' }
  const { SequenceNumber: sequenceNumber } = await good('PutRecord', put)
  return {
    name,
    arn,
    consumerArn: Consumer.ConsumerARN,
    sequenceNumber,
    ask,
    askInCbor: (operation, input) => askCbor(hub, operation, input),
    good,
    wrongAnswers: (requests, allowed, send = ask) => wrongAnswers(hub, requests, allowed, send),
    stop: async () => {
      hub.kill('SIGTERM')
      expect(await hub.exited).toBe(0)
    },
  }
}

async function askJson(hub: Hub, operation: string, input: unknown): Promise<Answer> {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `Kinesis_20131202.${operation}`,
  }
  const gone = new AbortController()
  const response = await fetch(hub.url, {
    method: 'POST',
    headers,
    body: JSON.stringify(input),
    signal: gone.signal,
  })
  if (response.headers.get('content-type') !== 'application/vnd.amazon.eventstream') {
    const text = await response.text()
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
  }
  gone.abort()
  return { status: response.status, body: {} }
}

async function askCbor(hub: Hub, operation: string, input: unknown): Promise<Answer> {
  const headers = {
    'content-type': 'application/x-amz-cbor-1.1',
    'x-amz-target': `Kinesis_20131202.${operation}`,
  }
  const gone = new AbortController()
  const response = await fetch(hub.url, { method: 'POST', headers, body: encode(input), signal: gone.signal })
  if (response.status !== 200)
    return { status: response.status, body: decode(new Uint8Array(await response.arrayBuffer())) }
  gone.abort()
  return { status: response.status, body: {} }
}

async function wrongAnswers(
  hub: Hub,
  requests: readonly Request[],
  allowed: (answer: Answer) => boolean,
  send: HostileStream['ask'],
): Promise<string[]> {
  const wrong: string[] = []
  const queue = [...requests]
  const sendAll = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const answer = await send(...next)
      // Under load a replica may lose its lease for a moment.
      if (answer.status !== 503 && !allowed(answer)) wrong.push(JSON.stringify([next, answer]).slice(0, 500))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, sendAll))
  expect(hub.logs().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  return wrong
}

/** Allows success, since a changed bit may make another valid value. */
export const refusedAs =
  (...codes: string[]) =>
  ({ status, body }: Answer): boolean =>
    status === 200 || (status === 400 && codes.includes(body.__type))
export const isClients = ({ status, body }: Answer): boolean =>
  status === 200 ||
  (status === 400 && typeof body.__type === 'string' && JSON.stringify(body).length < MAX_ERROR_BYTES)
