/** Enhanced fan-out: registered consumers, and SubscribeToShard as an event stream. */
import {
  type AwsContext,
  AwsError,
  type AwsOperations,
  formatToken,
  HIJACKED,
  lastingRight,
  openEventStream,
  pageOf,
} from '@weir/aws'
import type { FanOutConsumer } from '@weir/streams'
import { consumerByArn, type Kinesis, requireLease, shardIn, streamFor } from '../kinesis.ts'
import { invalidArgument, limitExceeded } from '../names.ts'
import { checkTags } from '../tags.ts'
import { fieldsOf } from '../tokens.ts'
import { type StartingType, startingOffset } from './reading.ts'
import { dryRun } from './records.ts'
import { push } from './subscription.ts'

/** Developer guide, "Quotas and limits". */
const MAX_CONSUMERS = 20
const CONSUMERS_A_PAGE = 100
/** A subscription ends after this time; clients subscribe again (API reference, SubscribeToShard). */
const SUBSCRIPTION_MS = 300_000
/** A second subscription of a consumer to a shard is refused within this time; later, it takes over. */
const EXCLUSIVE_MS = 5000

interface ConsumerReference {
  readonly StreamARN?: string
  readonly ConsumerName?: string
  readonly ConsumerARN?: string
}

interface SubscribeToShard {
  readonly ConsumerARN: string
  readonly ShardId: string
  readonly StartingPosition: {
    readonly Type: StartingType
    readonly SequenceNumber?: string
    readonly Timestamp?: Date
  }
  readonly DryRun?: boolean
}

/** An active subscription. */
interface Begun {
  /** performance.now() */
  readonly at: number
  end(): void
}

export function fanOutOperations(kinesis: Kinesis): AwsOperations {
  const { access, streams, names, stopping } = kinesis
  const { fanOut } = streams
  /** The subscriptions at this replica, by consumer and shard. */
  const subscriptions = new Map<string, Begun>()

  const describe = (consumer: FanOutConsumer) => ({
    ConsumerName: consumer.name,
    ConsumerARN: names.consumerArnOf(consumer),
    ConsumerStatus: consumer.status,
    ConsumerCreationTimestamp: new Date(consumer.createdAt),
  })

  /** Finds a consumer by its ARN, or by its name and its stream's ARN. */
  const consumerOf = (
    { StreamARN, ConsumerName, ConsumerARN }: ConsumerReference,
    context: AwsContext,
  ): FanOutConsumer => {
    if (ConsumerARN !== undefined) return consumerByArn(kinesis, context, ConsumerARN)
    if (StreamARN === undefined || ConsumerName === undefined)
      throw invalidArgument('ConsumerARN is required, or both StreamARN and ConsumerName.')
    const { stream } = streamFor(kinesis, context, { StreamARN })
    const found = fanOut.get(stream.name, ConsumerName)
    if (found === undefined) throw names.noConsumer(ConsumerName)
    return found
  }

  return {
    async RegisterStreamConsumer(
      input: { StreamARN: string; ConsumerName: string; Tags?: Readonly<Record<string, string>> },
      context,
    ) {
      const { stream } = streamFor(kinesis, context, input)
      const { StreamARN: _, ConsumerName: name, Tags: tags = {} } = input
      checkTags(tags, stream.name, kinesis)
      const consumer = await fanOut.change(stream.name, name, (existing, all) => {
        if (existing !== undefined)
          throw new AwsError(
            'ResourceInUseException',
            `Consumer ${name} of stream ${stream.name} under account ${names.account.accountId} already exists.`,
          )
        if (all.length >= MAX_CONSUMERS)
          throw limitExceeded(`Stream ${stream.name} already has ${MAX_CONSUMERS} consumers; deregister one.`)
        return {
          stream: stream.name,
          streamCreatedAt: stream.createdAt,
          name,
          createdAt: Date.now(),
          status: 'ACTIVE',
          tags,
          policy: null,
        }
      })
      return { Consumer: describe(consumer!) }
    },

    async DescribeStreamConsumer(input: ConsumerReference, context) {
      const consumer = consumerOf(input, context)
      return { ConsumerDescription: { ...describe(consumer), StreamARN: names.arnOf(consumer.stream) } }
    },

    async ListStreamConsumers(
      input: { StreamARN: string; NextToken?: string; MaxResults?: number },
      context,
    ) {
      const { stream } = streamFor(kinesis, context, input)
      const list = `consumers of ${stream.name}`
      const after =
        input.NextToken === undefined ? undefined : fieldsOf(input.NextToken, list, 1, Date.now())[0]
      const { items, last } = pageOf(
        fanOut.of(stream.name),
        ({ name }) => name,
        after,
        input.MaxResults ?? CONSUMERS_A_PAGE,
      )
      return { Consumers: items.map(describe), NextToken: last && formatToken(list, last) }
    },

    async DeregisterStreamConsumer(input: ConsumerReference, context) {
      const consumer = consumerOf(input, context)
      await fanOut.change(consumer.stream, consumer.name, () => undefined)
    },

    async SubscribeToShard(input: SubscribeToShard, context) {
      const stillMay = lastingRight(access, context.client.name, names.account.accountId)
      const consumer = consumerByArn(kinesis, context, input.ConsumerARN)
      const serving = streamFor(kinesis, context, { StreamName: consumer.stream })
      const { name } = serving.stream
      const id = names.shardOf(input.ShardId, name)
      const shard = shardIn(serving.stream, id)
      if (shard === undefined) throw names.shardGone(id, name)
      if (input.DryRun === true) return dryRun(kinesis, context, { StreamName: name })
      requireLease(kinesis)
      const { Type: type, SequenceNumber: sequenceNumber, Timestamp: time } = input.StartingPosition
      const from = await startingOffset(
        kinesis,
        serving,
        shard,
        type,
        sequenceNumber,
        time,
        'SubscribeToShard',
      )

      const key = `${names.consumerArnOf(consumer)}/${id}`
      const earlier = subscriptions.get(key)
      if (earlier !== undefined && performance.now() - earlier.at < EXCLUSIVE_MS) {
        throw new AwsError(
          'ResourceInUseException',
          `Another active subscription exists for this consumer: ${key}`,
        )
      }
      earlier?.end()

      const authorize = (): void => stillMay('kinesis:SubscribeToShard', names.arnOf(name))
      const events = openEventStream(context)
      const ended = Promise.withResolvers<void>()
      const subscription: Begun = { at: performance.now(), end: () => ended.resolve() }
      subscriptions.set(key, subscription)
      void events.closed.then(ended.resolve)
      const timer = setTimeout(ended.resolve, SUBSCRIPTION_MS)
      const stop = (): void => ended.resolve()
      stopping.addEventListener('abort', stop)
      const finish = async (): Promise<void> => {
        try {
          const send = (event: object): Promise<void> => events.send('SubscribeToShardEvent', event)
          await push(kinesis, { consumer, serving, shard, from, authorize, send }, ended.promise)
        } catch (error) {
          context.request.log.warn({ err: error, stream: name, shard: id }, 'a subscription failed')
          await events.fail(
            error instanceof AwsError
              ? error
              : new AwsError('InternalFailureException', 'Reading the shard failed; subscribe again.', 500),
          )
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
}
