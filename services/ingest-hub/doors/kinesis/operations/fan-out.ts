/** Enhanced fan-out: registered consumers, and SubscribeToShard as an event stream. */
import { AwsError, HIJACKED, openEventStream, type AwsContext, type AwsOperations } from '@weir/aws'
import type { RecordBatch } from '@weir/kafka'
import { childrenOf, type FanOutConsumer, type Serving, type Shard } from '@weir/streams'
import { requireLease, shardIn, streamFor, type Kinesis } from '../kinesis.ts'
import { invalidArgument, limitExceeded } from '../names.ts'
import { formatToken, parseToken } from '../tokens.ts'
import { checkTags } from '../tags.ts'
import { dryRun } from './records.ts'
import { millisBehind, recordsOf, startingOffset, type StartingType } from './reading.ts'
import { describeChild } from './shards.ts'

/** Developer guide, "Quotas and limits". */
const MOST_CONSUMERS = 20
const CONSUMERS_A_PAGE = 100
/** A subscription ends after this time; clients subscribe again (API reference, SubscribeToShard). */
const SUBSCRIPTION_MS = 300_000
/** Within this time a second subscription of a consumer to a shard is refused; later it takes over. */
const EXCLUSIVE_MS = 5000
/** How often a subscription hears that it is alive while nothing arrives. */
const QUIET_MS = 2000
/** A batch of the broker port has no more. */
const EVENT_RECORDS = 10_000

interface ConsumerReference {
  readonly StreamARN?: string
  readonly ConsumerName?: string
  readonly ConsumerARN?: string
}

interface SubscribeToShard {
  readonly ConsumerARN: string
  readonly ShardId: string
  readonly StartingPosition: { readonly Type: StartingType, readonly SequenceNumber?: string, readonly Timestamp?: Date }
  readonly DryRun?: boolean
}

interface Subscription {
  readonly begun: number
  end(): void
}

export function fanOutOperations(kinesis: Kinesis): AwsOperations {
  const { kafka, streams, names, stopping } = kinesis
  const { fanOut } = streams
  /** By consumer and shard, at this replica. */
  const subscriptions = new Map<string, Subscription>()

  const missing = (what: string): AwsError => new AwsError('ResourceNotFoundException', `Consumer ${what} under account ${names.account.accountId} not found.`)

  const describe = (consumer: FanOutConsumer) => ({
    ConsumerName: consumer.name, ConsumerARN: names.consumerArnOf(consumer), ConsumerStatus: consumer.status, ConsumerCreationTimestamp: new Date(consumer.createdAt),
  })

  /** By its ARN, or by its name and its stream's ARN. Who may not use the stream does not learn which consumers it has. */
  const consumerOf = ({ StreamARN, ConsumerName, ConsumerARN }: ConsumerReference, context: AwsContext): FanOutConsumer => {
    if (ConsumerARN !== undefined) {
      const { stream, name } = names.consumerOf(ConsumerARN)
      streamFor(kinesis, context, { StreamName: stream })
      const found = fanOut.get(stream, name)
      if (found === undefined || names.consumerArnOf(found) !== ConsumerARN) throw missing(ConsumerARN)
      return found
    }
    if (StreamARN === undefined || ConsumerName === undefined) throw invalidArgument('ConsumerARN is needed, or both StreamARN and ConsumerName.')
    const { stream } = streamFor(kinesis, context, { StreamARN })
    const found = fanOut.get(stream.name, ConsumerName)
    if (found === undefined) throw missing(ConsumerName)
    return found
  }

  return {
    async RegisterStreamConsumer(input: { StreamARN: string, ConsumerName: string, Tags?: Readonly<Record<string, string>> }, context) {
      const { stream } = streamFor(kinesis, context, input)
      const { StreamARN: _, ConsumerName: name, Tags: tags = {} } = input
      checkTags(tags, stream.name, kinesis)
      const consumer = await fanOut.change(stream.name, name, (existing, all) => {
        if (existing !== undefined) throw new AwsError('ResourceInUseException', `Consumer ${name} of stream ${stream.name} under account ${names.account.accountId} already exists.`)
        if (all.length >= MOST_CONSUMERS) throw limitExceeded(`Stream ${stream.name} has ${MOST_CONSUMERS} consumers already; deregister one.`)
        return { stream: stream.name, streamCreatedAt: stream.createdAt, name, createdAt: Date.now(), status: 'ACTIVE', tags, policy: null }
      })
      return { Consumer: describe(consumer!) }
    },

    async DescribeStreamConsumer(input: ConsumerReference, context) {
      const consumer = consumerOf(input, context)
      return { ConsumerDescription: { ...describe(consumer), StreamARN: names.arnOf(consumer.stream) } }
    },

    async ListStreamConsumers(input: { StreamARN: string, NextToken?: string, MaxResults?: number }, context) {
      const { stream } = streamFor(kinesis, context, input)
      const after = input.NextToken === undefined ? '' : parseToken<object>(input.NextToken, `consumers of ${stream.name}`, Date.now()).after
      const found = fanOut.of(stream.name).filter(({ name }) => name > after)
      const page = found.slice(0, input.MaxResults ?? CONSUMERS_A_PAGE)
      const more = found.length > page.length
      return {
        Consumers: page.map(describe),
        NextToken: more ? formatToken({ issued: Date.now(), list: `consumers of ${stream.name}`, after: page.at(-1)!.name, asked: {} }) : undefined,
      }
    },

    async DeregisterStreamConsumer(input: ConsumerReference, context) {
      const consumer = consumerOf(input, context)
      await fanOut.change(consumer.stream, consumer.name, () => undefined)
    },

    async SubscribeToShard(input: SubscribeToShard, context) {
      const consumer = consumerOf(input, context)
      const serving = streamFor(kinesis, context, { StreamName: consumer.stream })
      const { name } = serving.stream
      const id = names.shardOf(input.ShardId, name)
      const shard = shardIn(serving.stream, id)
      if (shard === undefined) throw names.shardGone(id, name)
      if (input.DryRun === true) return dryRun(kinesis, context, { StreamName: name })
      requireLease(kinesis)
      const { Type: type, SequenceNumber: sequenceNumber, Timestamp: time } = input.StartingPosition
      const from = await startingOffset(kinesis, serving, shard, type, sequenceNumber, time, 'SubscribeToShard')

      const key = `${input.ConsumerARN}/${id}`
      const earlier = subscriptions.get(key)
      if (earlier !== undefined && performance.now() - earlier.begun < EXCLUSIVE_MS) {
        throw new AwsError('ResourceInUseException', `Another active subscription exists for this consumer: ${key}`)
      }
      earlier?.end()

      const events = openEventStream(context)
      const ended = Promise.withResolvers<void>()
      const subscription: Subscription = { begun: performance.now(), end: () => ended.resolve() }
      subscriptions.set(key, subscription)
      void events.closed.then(ended.resolve)
      const timer = setTimeout(ended.resolve, SUBSCRIPTION_MS)
      const stop = (): void => ended.resolve()
      stopping.addEventListener('abort', stop)
      const finish = async (): Promise<void> => {
        try {
          await push(consumer, serving, shard, from, (event) => events.send('SubscribeToShardEvent', event), ended.promise)
        } catch (error) {
          context.request.log.warn({ err: error, stream: name, shard: id }, 'a subscription failed')
          await events.fail(error instanceof AwsError ? error : new AwsError('InternalFailureException', 'Reading the shard failed; subscribe again.', 500))
        }
        clearTimeout(timer)
        stopping.removeEventListener('abort', stop)
        if (subscriptions.get(key) === subscription) subscriptions.delete(key)
        events.end()
      }
      void finish()
      return HIJACKED
    },
  }

  /** Sends the shard's records as they arrive, until it ends or `ended` does. Waits for a client that reads slowly. */
  async function push(consumer: FanOutConsumer, { stream: { name, topic, createdAt } }: Serving, shard: Shard, from: number, send: (event: object) => Promise<void>, ended: Promise<void>): Promise<void> {
    let position = from
    let behind = 0
    /** Arrival of the last record that was sent, ms since the epoch. */
    let heardAt = Date.now()
    let heard = performance.now()
    const finished = Promise.withResolvers<void>()
    void ended.then(finished.resolve)

    /** The shard as it is now: it may have been closed since. */
    const now = (): { serving: Serving, shard: Shard } => {
      const serving = streams.get(name)
      const current = serving?.stream.createdAt === createdAt ? shardIn(serving.stream, shard.id) : undefined
      if (serving === undefined || current === undefined) throw names.shardGone(shard.id, name)
      if (fanOut.get(name, consumer.name)?.createdAt !== consumer.createdAt) throw missing(names.consumerArnOf(consumer))
      requireLease(kinesis)
      return { serving, shard: current }
    }
    const sendEvent = async (records: object[], { serving, shard: current }: ReturnType<typeof now>): Promise<void> => {
      heard = performance.now()
      const over = current.to !== null && position >= current.to
      await send({
        Records: records,
        ContinuationSequenceNumber: over ? undefined : serving.numbersOf(current).before(position, heardAt),
        MillisBehindLatest: behind,
        ChildShards: over ? childrenOf(serving.stream, shard.id).map(describeChild) : undefined,
      })
      if (over) finished.resolve()
    }
    const take = async (batch: RecordBatch): Promise<void> => {
      const current = now()
      const { records, next } = recordsOf(batch, current.serving, current.shard, EVENT_RECORDS)
      position = next
      behind = millisBehind(batch, current.shard, next, records.length)
      if (records.length > 0) heardAt = batch.timestamps[records.length - 1]
      if (records.length > 0) await sendEvent(records, current)
    }
    const quiet = setInterval(() => {
      try {
        const current = now()
        const over = current.shard.to !== null && position >= current.shard.to
        if (over || performance.now() - heard > QUIET_MS) sendEvent([], current).catch(finished.reject)
      } catch (error) {
        finished.reject(error)
      }
    }, QUIET_MS / 8)
    const end = now().shard.to
    if (end !== null && position >= end) await sendEvent([], now())
    const offsets: number[] = []
    offsets[shard.partition] = position
    const reading = await kafka.read({ topics: [topic], partitions: [shard.partition], from: { offsets: new Map([[topic, offsets]]) }, until: 'stopped' }, (batch) => take(batch).catch(finished.reject))
    try {
      await Promise.race([finished.promise, reading.done])
    } finally {
      clearInterval(quiet)
      await reading.stop()
    }
  }
}
