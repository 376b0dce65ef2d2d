/**
 * Asynchronous invocations (invocation type Event). An accepted event is in the topic weir.invocations, and
 * is passed to its function at least once, by the replica that reads its partition. A long or failing event
 * does not hold up the others: many are open at once, and offsets are committed behind them.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Account } from '@weir/aws'
import type { Codec, Writer } from '@weir/codec'
import { HEADERS, type ValueOf } from '@weir/contracts'
import {
  encodeValue,
  type Kafka,
  type Producer,
  partitionOfKey,
  type RecordBatch,
  writeRecord,
} from '@weir/kafka'
import { jsonFault, type Logger, type Resource, watchGroup } from '@weir/service'
import { HandlerHealth, openRecords, type TopicRecords } from '@weir/topics'
import { integer, Misfit, object, read, text } from '@weir/topics/shape.ts'
import type { Functions } from '../functions.ts'
import { openAsyncDestinations } from './async-destinations.ts'
import { asyncSettingsOf } from './async-settings.ts'
import { type AsyncInvocation, Queues, type QueuesOptions } from './queues.ts'

export interface AsyncInvocations {
  /** Resolves when the event is stored. Rejects with a KafkaError if it is not known to be stored. */
  add(invocation: AsyncInvocation): Promise<void>
  /** False while this replica does not read accepted events. */
  ready(): boolean
}

export interface AsyncInvocationsOptions extends Pick<QueuesOptions, 'retryMs' | 'unknownMs'> {
  readonly kafka: Kafka
  readonly producer: Producer
  readonly codec: Codec
  readonly functions: Functions
  readonly account: Account
  /** Defaults to enricher.invocations. Its members must all have the same functions. */
  readonly groupId?: string
  readonly log: Logger
}

const TOPIC = 'weir.invocations'
/** Checked for each event of the topic: the function's name becomes a label of metrics. */
const identity = object({
  requestId: text({ max: 128 }),
  functionName: text({ max: 193, pattern: /^[\w-]{1,64}(:[\w$-]{1,128})?$/, like: 'NAME or NAME:QUALIFIER' }),
  acceptedAt: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  hops: integer({ min: 0, max: 1000 }),
})
/**
 * The most unfinished events that a replica holds, and the most bytes of them; the rest wait in the topic.
 */
const MAX_OPEN = 10_000
const MAX_OPEN_BYTES = 32 << 20
const BATCH_RECORDS = 100
/** How often to check whether there is room again. */
const LOOK_MS = 20

export async function openAsyncInvocations(
  options: AsyncInvocationsOptions,
): Promise<Resource<AsyncInvocations>> {
  const { kafka, producer, codec, functions, account, log, ...rest } = options
  const { groupId = 'enricher.invocations', ...queuing } = rest
  const [writer, records, partitions] = await Promise.all([
    codec.writer(TOPIC),
    openRecords({ codec, topic: TOPIC, reader: 'events', log }),
    kafka.partitions(TOPIC),
  ])
  const add = adder(writer, producer, partitions)
  const destinations = openAsyncDestinations({ kafka, producer, account, add, log })
  const settingsOf = (name: string) => asyncSettingsOf(functions, name)
  const isOff = (name: string) => functions.find(name.split(':')[0])?.latest.reserved === 0
  const queues = new Queues({ ...queuing, functions, settingsOf, isOff, destinations, log })
  const unfinished = new Unfinished()
  const health = new HandlerHealth()
  const reading = { groupId, topics: [TOPIC], startAt: 'earliest', maxBatchRecords: BATCH_RECORDS } as const
  const subscription = await kafka.consume(
    reading,
    health.watch(async (batch, signal) => {
      await records.prepare(batch)
      const running = invocationsOf(batch, records).map((invocation) =>
        unfinished.count(invocation, queues.run(invocation, signal)),
      )
      const done = Promise.allSettled(running).then((results) => {
        for (const result of results) if (result.status === 'rejected') throw result.reason
      })
      await unfinished.room(signal)
      return { done }
    }),
  )
  const unwatch = watchGroup(subscription, kafka)

  return {
    value: { add, ready: () => health.ready(subscription) },
    stop: async (drainMs) => {
      unwatch()
      queues.stop()
      await subscription.stop(drainMs)
    },
  }
}

/** Returns the function that stores accepted events. */
function adder(
  writer: Writer<ValueOf[typeof TOPIC]>,
  producer: Producer,
  partitions: number,
): AsyncInvocations['add'] {
  return async ({ functionName, payload, options: { requestId, clientContext }, acceptedAt, hops = 0 }) => {
    const context = clientContext === undefined ? null : JSON.stringify(clientContext)
    const event = { requestId, functionName, clientContext: context, payload, acceptedAt, hops }
    const value = encodeValue(writer, event)
    const headers = { [HEADERS.id]: requestId, [HEADERS.source]: 'invoke' }
    const partition = partitionOfKey(requestId, partitions)
    await writeRecord(producer, { topic: TOPIC, partition, key: requestId, value, headers })
  }
}

function invocationsOf(batch: RecordBatch, records: TopicRecords<ValueOf[typeof TOPIC]>): AsyncInvocation[] {
  const invocations: AsyncInvocation[] = []
  records.each(batch, ({ value }) => {
    const { requestId, functionName, acceptedAt, hops } = read(identity, value, 'ignored')
    const { clientContext, payload } = value!
    // Deeply nested values cannot be written again.
    if (clientContext !== null && jsonFault(Buffer.from(clientContext)) !== undefined)
      throw new Misfit('clientContext', 'must be JSON')
    const options = {
      requestId,
      clientContext: clientContext === null ? undefined : JSON.parse(clientContext),
    }
    invocations.push({ functionName, payload: Buffer.from(payload), options, acceptedAt, hops })
  })
  return invocations
}

/** Counts the events that this replica holds. */
class Unfinished {
  #events = 0
  #bytes = 0

  async count({ payload }: AsyncInvocation, done: Promise<void>): Promise<void> {
    this.#events++
    this.#bytes += payload.length
    try {
      await done
    } finally {
      this.#events--
      this.#bytes -= payload.length
    }
  }

  /** Resolves when there is room for more, or the signal has aborted. */
  async room(signal: AbortSignal): Promise<void> {
    while ((this.#events >= MAX_OPEN || this.#bytes >= MAX_OPEN_BYTES) && !signal.aborted)
      await sleep(LOOK_MS)
  }
}
