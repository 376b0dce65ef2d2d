/** The checks of endpoints, and of the protocols that the configuration allows. */

import { functionIn } from '@weir/aws'
import type { Unavailable } from '../deliveries/receivers/channels.ts'
import { deliveryStreamIn } from '../deliveries/receivers/firehose.ts'
import { isStreamArn } from '../deliveries/receivers/kinesis.ts'
import { isMailAddress } from '../deliveries/receivers/mail/config.ts'
import { isFifo, type ProtocolName, type Topic } from '../notifications/entries.ts'
import { KAFKA_PREFIX, kafkaTopicIn } from '../notifications/kafka-endpoint.ts'
import { platformEndpointIn } from '../notifications/mobile-arns.ts'
import { isQueueArn } from '../notifications/redrive-policy.ts'
import { invalidParameter, invalidSmsParameter, invalidValue } from './errors.ts'
import type { Attributes } from './topic-attributes.ts'

export interface EndpointDeps {
  readonly unavailable: Unavailable
  readonly isKafkaTopic: (name: string) => Promise<boolean>
}

interface Asked {
  readonly Endpoint?: string
  readonly Attributes?: Attributes
}

/** Protocols whose receivers keep the order of a FIFO topic. */
const ORDERED: ReadonlySet<ProtocolName> = new Set(['sqs', 'kinesis', 'kafka'])
/** SNS accepts numbers with single separators between the digits. */
const WRITTEN_NUMBER = /^\+?\d(?:[-./ ]?\d){1,19}$/

/** Throws if the endpoint does not fit the protocol, or the topic does not deliver to it. */
export async function checkEndpoint(
  topic: Topic,
  protocol: ProtocolName,
  asked: Asked,
  { unavailable, isKafkaTopic }: EndpointDeps,
): Promise<void> {
  if (isFifo(topic.name) && !ORDERED.has(protocol))
    throw invalidParameter(`Invalid parameter: Endpoint Reason: FIFO topics do not deliver over ${protocol}`)
  const reason = unavailable[protocol]
  if (reason !== undefined) throw invalidValue('Protocol', reason)
  const { Endpoint: endpoint = '' } = asked
  CHECKS[protocol](endpoint, topic, protocol)
  if (protocol === 'firehose' && asked.Attributes?.SubscriptionRoleArn === undefined)
    throw invalidValue('Attributes', 'SubscriptionRoleArn: required for the protocol firehose')
  if (protocol === 'kafka' && !(await isKafkaTopic(kafkaTopicIn(endpoint)!)))
    throw invalidValue('Endpoint', `Kafka does not have the topic ${kafkaTopicIn(endpoint)}; create it first`)
}

type Check = (endpoint: string, topic: Topic, protocol: ProtocolName) => void

const url: Check = (endpoint, _topic, protocol) => {
  if (URL.parse(endpoint)?.protocol !== `${protocol}:`)
    throw invalidParameter('Endpoint must match the specified protocol')
}

const mail: Check = (endpoint) => {
  if (!isMailAddress(endpoint)) throw invalidParameter('Email address')
}

const CHECKS: Readonly<Record<ProtocolName, Check>> = {
  http: url,
  https: url,
  email: mail,
  'email-json': mail,
  sms(endpoint) {
    if (!WRITTEN_NUMBER.test(endpoint))
      throw invalidSmsParameter(`Invalid SMS endpoint: ${endpoint.slice(0, 64)}`)
  },
  application(endpoint) {
    if (platformEndpointIn(endpoint) === undefined)
      throw invalidParameter(`Application endpoint arn invalid:${endpoint.slice(0, 512)}`)
  },
  lambda(endpoint) {
    if (functionIn(endpoint) === undefined) throw invalidParameter('Lambda endpoint ARN')
  },
  sqs(endpoint, topic) {
    if (!isQueueArn(endpoint)) throw invalidParameter('SQS endpoint ARN')
    if (endpoint.endsWith('.fifo') && !isFifo(topic.name))
      throw invalidParameter(
        'Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics',
      )
  },
  firehose(endpoint) {
    if (deliveryStreamIn(endpoint) === undefined) throw invalidParameter('Firehose delivery stream ARN')
  },
  kinesis(endpoint) {
    if (!isStreamArn(endpoint)) throw invalidParameter('Kinesis stream ARN')
  },
  kafka(endpoint) {
    if (kafkaTopicIn(endpoint) === undefined)
      throw invalidValue(
        'Endpoint',
        `must be kafka://TOPIC, with a topic whose name begins with ${KAFKA_PREFIX}`,
      )
  },
}
