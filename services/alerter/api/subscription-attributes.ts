/** The attributes of subscriptions: their checks, and how they are shown. */
import { type Account, userArn } from '@weir/aws'
import { FilterPolicyError, type FilterPolicyScope, parseFilterPolicy } from '@weir/patterns'
import { complaintAboutQuietHours } from '../incidents/quiet-hours.ts'
import { effectiveSubscriptionPolicy } from '../notifications/delivery-policy.ts'
import { checkDeliveryPolicy, DeliveryPolicyError } from '../notifications/delivery-policy-check.ts'
import type { ProtocolName, Subscription, Topic } from '../notifications/entries.ts'
import { complaintAboutRedrive } from '../notifications/redrive-policy.ts'
import type { Attributes } from './topic-attributes.ts'

const NAMES = new Set([
  'DeliveryPolicy',
  'FilterPolicy',
  'FilterPolicyScope',
  'RawMessageDelivery',
  'RedrivePolicy',
  'ReplayPolicy',
  'SubscriptionRoleArn',
  'WeirQuietHours',
])
/** SNS does not look whether there is such a role. */
const ROLE = /^arn:.{1,512}$/
const SCOPES = ['MessageAttributes', 'MessageBody']

export const isSettable = (name: string): boolean => NAMES.has(name)

/**
 * Returns a complaint about one of the attributes, in SNS's words after "Invalid parameter: "; undefined if all are
 * right.
 * @param isFifoSubscription whether a FIFO queue gets the messages of a FIFO topic
 */
export function complaintAboutAttributes(
  attributes: Attributes,
  isFifoSubscription: boolean,
): string | undefined {
  for (const [name, value] of Object.entries(attributes)) {
    if (!isSettable(name)) return `Unknown Attribute ${name}`
    const complaint = complaintAbout(name, value, attributes, isFifoSubscription)
    if (complaint !== undefined) return complaint
  }
  return undefined
}

function complaintAbout(
  name: string,
  value: string,
  attributes: Attributes,
  isFifoSubscription: boolean,
): string | undefined {
  switch (name) {
    case 'RawMessageDelivery':
      return /^(true|false)$/i.test(value)
        ? undefined
        : `RawMessageDelivery: Invalid value [${value}]. Must be true or false.`
    case 'FilterPolicyScope':
      return SCOPES.includes(value)
        ? undefined
        : `FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`
    case 'FilterPolicy':
      return complaintAboutFilter(value, scopeOf(attributes))
    case 'ReplayPolicy':
      return 'ReplayPolicy: Messages are not archived here, so they cannot be replayed.'
    case 'SubscriptionRoleArn':
      return ROLE.test(value) ? undefined : 'SubscriptionRoleArn: must be an ARN.'
    case 'RedrivePolicy':
      return complaintAboutRedrive(value, isFifoSubscription)
    case 'WeirQuietHours':
      return complaintAboutQuiet(value, isFifoSubscription)
    default:
      return complaintAboutDelivery(value)
  }
}

/** The empty text takes a policy away. */
function complaintAboutFilter(text: string, scope: FilterPolicyScope): string | undefined {
  if (text === '') return undefined
  try {
    parseFilterPolicy(text, scope)
    return undefined
  } catch (error) {
    if (error instanceof FilterPolicyError) return error.message
    throw error
  }
}

/** Held messages become one summary, which would break the order of a FIFO topic. */
function complaintAboutQuiet(value: string, isFifoSubscription: boolean): string | undefined {
  const complaint = isFifoSubscription
    ? 'not offered for FIFO subscriptions.'
    : complaintAboutQuietHours(value)
  return complaint === undefined ? undefined : `WeirQuietHours: ${complaint}`
}

function complaintAboutDelivery(text: string): string | undefined {
  try {
    checkDeliveryPolicy(text, 'subscription')
    return undefined
  } catch (error) {
    if (error instanceof DeliveryPolicyError) return `DeliveryPolicy: ${error.message}`
    throw error
  }
}

export function scopeOf({ FilterPolicyScope }: Attributes): FilterPolicyScope {
  return FilterPolicyScope === 'MessageBody' ? 'MessageBody' : 'MessageAttributes'
}

const isHttp = (protocol: ProtocolName): boolean => protocol === 'http' || protocol === 'https'

/** The values of attributes that were not set. */
const DEFAULTS: Attributes = { RawMessageDelivery: 'false', FilterPolicyScope: 'MessageAttributes' }

/** Returns whether a subscription has these attributes, so that subscribing with them again changes nothing. */
export function hasAttributes({ attributes }: Pick<Subscription, 'attributes'>, wanted: Attributes): boolean {
  return Object.entries(wanted).every(([name, value]) => {
    const own = attributes[name] ?? DEFAULTS[name] ?? ''
    return name === 'RawMessageDelivery' ? own.toLowerCase() === value.toLowerCase() : own === value
  })
}

/** Returns the attributes as GetSubscriptionAttributes shows them. */
export function shownSubscription(
  subscription: Subscription,
  topic: Topic,
  arns: { readonly topic: string; readonly subscription: string },
  { accountId }: Account,
): Attributes {
  const { RawMessageDelivery = 'false', FilterPolicy, FilterPolicyScope, ...rest } = subscription.attributes
  return {
    ...rest,
    SubscriptionArn: arns.subscription,
    TopicArn: arns.topic,
    Protocol: subscription.protocol,
    Endpoint: subscription.endpoint,
    Owner: accountId,
    RawMessageDelivery: RawMessageDelivery.toLowerCase(),
    PendingConfirmation: String(!subscription.confirmed),
    ConfirmationWasAuthenticated: String(subscription.signedConfirmation),
    SubscriptionPrincipal: userArn(accountId, subscription.subscriber),
    ...(isHttp(subscription.protocol)
      ? { EffectiveDeliveryPolicy: JSON.stringify(effectiveSubscriptionPolicy(topic, subscription)) }
      : {}),
    ...(FilterPolicy ? { FilterPolicy, FilterPolicyScope: scopeOf(subscription.attributes) } : {}),
  }
}
