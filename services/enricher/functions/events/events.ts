/**
 * Asynchronous events (invocation type Event). An accepted event is in the topic weir.invocations, and is
 * passed to its function at least once, by the replica that reads its partition. A long or failing event does
 * not hold up the others: many are open at once, and offsets are committed behind them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Codec } from '@weir/codec'
import { encodeHeaders, type Kafka, type Producer, partitionFor, type RecordBatch } from '@weir/kafka'
import { jsonFault, type Logger, type Resource, watchGroup } from '@weir/service'
import { encodeValue, HandlerHealth, openRecords, store } from '@weir/topics'
import { integer, Misfit, object, read, text } from '@weir/topics/shape.ts'
import type { Functions } from '../functions.ts'
import { openEventDestinations } from './event-destinations.ts'
import { eventSettingsOf } from './event-settings.ts'
import { type Event, openQueues, type QueuesOptions } from './queues.ts'

export interface Events {
  /** Resolves when the event is stored. Rejects with a KafkaError if it is not known to be stored. */
  add(event: Event): Promise<void>
  /** False while this replica does not read accepted events. */
  ready(): boolean
}

export interface EventsOptions extends Pick<QueuesOptions, 'retryMs' | 'unknownMs'> {
  readonly kafka: Kafka
  readonly producer: Producer
  readonly codec: Codec
  readonly functions: Functions
  readonly account: { readonly region: string; readonly accountId: string }
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
/** Bytes of an event besides its payload and its texts. */
const ENVELOPE_BYTES = 1024
/** The most bytes of a UTF-16 unit of a text. */
const UNIT_BYTES = 3

export async function openEvents(options: EventsOptions): Promise<Resource<Events>> {
  const {
    kafka,
    producer,
    codec,
    functions,
    account,
    groupId = 'enricher.invocations',
    log,
    ...queuing
  } = options
  const [writer, records, partitions] = await Promise.all([
    codec.writer(TOPIC),
    openRecords({ codec, topic: TOPIC, reader: 'events', log }),
    kafka.partitions(TOPIC),
  ])
  const destinations = openEventDestinations({ kafka, producer, account, add, log })
  const settingsOf = (name: string) => eventSettingsOf(functions, name)
  const isOff = (name: string) => functions.find(name.split(':')[0])?.latest.reserved === 0
  const queues = openQueues({ ...queuing, functions, settingsOf, isOff, destinations, log })
  const health = new HandlerHealth()
  let open = 0
  let bytes = 0

  async function add({
    functionName,
    payload,
    options: { requestId, clientContext },
    acceptedAt,
    hops = 0,
  }: Event): Promise<void> {
    const context = clientContext === undefined ? null : JSON.stringify(clientContext)
    const units = requestId.length + functionName.length + (context?.length ?? 0)
    const event = { requestId, functionName, clientContext: context, payload, acceptedAt, hops }
    const value = encodeValue(writer, event, payload.length + ENVELOPE_BYTES + UNIT_BYTES * units)
    const headers = encodeHeaders({ 'weir-id': requestId, 'weir-source': 'invoke' })
    const key = Buffer.from(requestId)
    const partition = partitionFor(key, 0, key.length, partitions)
    await store(producer, { topic: TOPIC, partition, key, value, headers })
  }

  async function run(event: Event, signal: AbortSignal): Promise<void> {
    open++
    bytes += event.payload.length
    try {
      await queues.run(event, signal)
    } finally {
      open--
      bytes -= event.payload.length
    }
  }

  async function room(signal: AbortSignal): Promise<void> {
    while ((open >= MAX_OPEN || bytes >= MAX_OPEN_BYTES) && !signal.aborted) await sleep(LOOK_MS)
  }

  function eventsOf(batch: RecordBatch): Event[] {
    const events: Event[] = []
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
      events.push({ functionName, payload: Buffer.from(payload), options, acceptedAt, hops })
    })
    return events
  }

  const reading = { groupId, topics: [TOPIC], startAt: 'earliest', maxBatchRecords: BATCH_RECORDS } as const
  const subscription = await kafka.consume(
    reading,
    health.watch(async (batch, signal) => {
      await records.prepare(batch)
      const done = Promise.allSettled(eventsOf(batch).map((event) => run(event, signal))).then((results) => {
        for (const result of results) if (result.status === 'rejected') throw result.reason
      })
      await room(signal)
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
