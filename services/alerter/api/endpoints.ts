/** The checks of endpoints, and of the protocols that the configuration allows. */
import type { Unavailable } from '../deliveries/receivers/channels.ts'
import { functionIn } from '../deliveries/receivers/lambda.ts'
import { isMailAddress } from '../deliveries/receivers/mail/config.ts'
import { isFifo, type ProtocolName, type Topic } from '../notifications/entries.ts'
import { isQueueArn } from '../notifications/redrive-policy.ts'
import { invalidParameter, invalidValue } from './errors.ts'

/** Protocols whose receivers keep the order of a FIFO topic. */
const ORDERED: ReadonlySet<ProtocolName> = new Set(['sqs'])

/** Throws if the endpoint does not fit the protocol, or the topic does not deliver to it. */
export function checkEndpoint(
  topic: Topic,
  protocol: ProtocolName,
  endpoint: string,
  unavailable: Unavailable,
): void {
  if (isFifo(topic.name) && !ORDERED.has(protocol))
    throw invalidParameter(`Invalid parameter: Endpoint Reason: FIFO topics do not deliver over ${protocol}`)
  const reason = unavailable[protocol]
  if (reason !== undefined) throw invalidValue('Protocol', reason)
  CHECKS[protocol](endpoint, topic, protocol)
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
}
