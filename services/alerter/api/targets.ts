/** The recipients of Publish: a topic, or a phone number or an endpoint of mobile push alone. */
import { AwsError } from '@weir/aws'
import { NO_TOPIC } from '../deliveries/direct.ts'
import type { Unavailable } from '../deliveries/receivers/channels.ts'
import type { Topic } from '../notifications/entries.ts'
import { platformEndpointIn } from '../notifications/mobile-arns.ts'
import { PHONE_NUMBER, type PlatformEndpoint } from '../notifications/mobile-entries.ts'
import type { Notifications } from '../notifications/notifications.ts'
import { type Arns, checkedArn } from './arns.ts'
import { invalidParameter, invalidValue } from './errors.ts'
import type { SnsContext } from './sns-api.ts'

export interface Target {
  readonly topic: Topic
  /** Null: the subscriptions of the topic. */
  readonly target: string | null
  /** The platform of an endpoint, which may have a text of its own in a message. */
  readonly platform?: string
}

export interface TargetDeps {
  readonly arns: Arns
  readonly notifications: Notifications
  readonly unavailable: Unavailable
}

interface Named {
  readonly TopicArn?: string
  readonly TargetArn?: string
  readonly PhoneNumber?: string
}

/** Throws AwsErrors, also if the client may not publish there. */
export async function targetOf(named: Named, context: SnsContext, deps: TargetDeps): Promise<Target> {
  const { TopicArn, TargetArn, PhoneNumber } = named
  if (PhoneNumber !== undefined) return numberOf(PhoneNumber, context, deps)
  if (TargetArn?.includes(':endpoint/')) return endpointOf(TargetArn, context, deps)
  const arn = TopicArn ?? TargetArn
  if (arn === undefined)
    throw invalidParameter('TopicArn or TargetArn Reason: no value for required parameter')
  const topic = await deps.arns.topicFor(arn, context, TopicArn === undefined ? 'TargetArn' : 'TopicArn')
  return { topic, target: null }
}

function numberOf(number: string, context: SnsContext, { unavailable }: TargetDeps): Target {
  if (!PHONE_NUMBER.test(number))
    throw invalidValue('PhoneNumber', `${number.slice(0, 64)} is not valid to publish to`)
  context.authorize('*')
  if (unavailable.sms !== undefined) throw invalidValue('PhoneNumber', unavailable.sms)
  return { topic: NO_TOPIC, target: number }
}

async function endpointOf(arn: string, context: SnsContext, deps: TargetDeps): Promise<Target> {
  const { notifications, unavailable, arns } = deps
  checkedArn(arn, 'TargetArn', arns.account.region)
  context.authorize(arn)
  const { id = '' } = platformEndpointIn(arn) ?? {}
  if (!notifications.mobile.endpoints.has(id)) await notifications.catchUp()
  const endpoint = notifications.mobile.endpoints.get(id)
  if (endpoint === undefined)
    throw invalidValue('TargetArn', 'No endpoint found for the target arn specified')
  checkEnabled(endpoint)
  if (unavailable.application !== undefined) throw invalidValue('TargetArn', unavailable.application)
  return { topic: NO_TOPIC, target: arn, platform: endpoint.application.split('/')[0] }
}

function checkEnabled({ attributes }: PlatformEndpoint): void {
  if (attributes.Enabled !== 'true') throw new AwsError('EndpointDisabledException', 'Endpoint is disabled')
}
