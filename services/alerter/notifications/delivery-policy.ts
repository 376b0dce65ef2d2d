/** The delivery policies of topics and subscriptions (SNS developer guide, "Creating an HTTP/S delivery policy"). */
import { HTTP_POLICY, type RetryPolicy } from '../deliveries/schedule.ts'
import type { Subscription, Topic } from './entries.ts'

export interface DeliveryPolicy {
  readonly retries: RetryPolicy
  /** The most deliveries to a subscription in a second. */
  readonly maxReceivesPerSecond: number | undefined
  readonly contentType: string
}

export const DEFAULT_CONTENT_TYPE = 'text/plain; charset=UTF-8'

type Json = Readonly<Record<string, unknown>>
type Attributes = Readonly<Record<string, string>>
export type PolicyOf = 'topic' | 'subscription'

/** The parts of a policy; a topic's has other names for them than a subscription's. */
interface Parts {
  readonly retries: Json | undefined
  readonly throttle: Json | undefined
  readonly request: Json | undefined
  /** Whether subscriptions cannot change the policy. */
  readonly isFinal: boolean
}

/** Returns the policy of a subscription over HTTP: its own parts before those of its topic. */
export function effectiveDeliveryPolicy(
  topic: Pick<Topic, 'attributes'>,
  subscription: Pick<Subscription, 'attributes'> | undefined,
): DeliveryPolicy {
  const common = partsOf(topic.attributes, 'topic')
  const own = common.isFinal ? NONE : partsOf(subscription?.attributes, 'subscription')
  const throttle = own.throttle ?? common.throttle
  const request = own.request ?? common.request
  const perSecond = throttle?.maxReceivesPerSecond
  return {
    retries: retriesOf(own.retries ?? common.retries),
    maxReceivesPerSecond: typeof perSecond === 'number' ? perSecond : undefined,
    contentType: (request?.headerContentType as string | undefined) ?? DEFAULT_CONTENT_TYPE,
  }
}

/** Returns the policy as the API shows it for a topic. */
export function effectiveTopicPolicy(topic: Pick<Topic, 'attributes'>): object {
  const { retries, contentType, maxReceivesPerSecond } = effectiveDeliveryPolicy(topic, undefined)
  return {
    http: {
      defaultHealthyRetryPolicy: shown(retries),
      disableSubscriptionOverrides: partsOf(topic.attributes, 'topic').isFinal,
      ...(maxReceivesPerSecond === undefined ? {} : { defaultThrottlePolicy: { maxReceivesPerSecond } }),
      defaultRequestPolicy: { headerContentType: contentType },
    },
  }
}

/** Returns the policy as the API shows it for a subscription. */
export function effectiveSubscriptionPolicy(topic: Topic, subscription: Subscription): object {
  const { retries, contentType, maxReceivesPerSecond } = effectiveDeliveryPolicy(topic, subscription)
  return {
    healthyRetryPolicy: shown(retries),
    sicklyRetryPolicy: null,
    throttlePolicy: maxReceivesPerSecond === undefined ? null : { maxReceivesPerSecond },
    requestPolicy: { headerContentType: contentType },
    guaranteed: false,
  }
}

const NONE: Parts = { retries: undefined, throttle: undefined, request: undefined, isFinal: false }

/** Deliveries ask for the same policies again and again. Attributes are not changed in place. */
const parsed = new WeakMap<Attributes, Parts>()

function partsOf(attributes: Attributes | undefined, of: PolicyOf): Parts {
  const text = attributes?.DeliveryPolicy
  if (attributes === undefined || text === undefined || text === '') return NONE
  const known = parsed.get(attributes)
  if (known !== undefined) return known
  const parts = of === 'topic' ? partsOfTopic(JSON.parse(text)) : partsOfSubscription(JSON.parse(text))
  parsed.set(attributes, parts)
  return parts
}

function partsOfTopic(policy: Json): Parts {
  const http = objectOf(policy.http) ?? {}
  return {
    retries: objectOf(http.defaultHealthyRetryPolicy),
    throttle: objectOf(http.defaultThrottlePolicy),
    request: objectOf(http.defaultRequestPolicy),
    isFinal: http.disableSubscriptionOverrides === true,
  }
}

function partsOfSubscription(policy: Json): Parts {
  return {
    retries: objectOf(policy.healthyRetryPolicy),
    throttle: objectOf(policy.throttlePolicy),
    request: objectOf(policy.requestPolicy),
    isFinal: false,
  }
}

/** Returns the whole policy for the fields that were set: those that are null were not. */
export function retriesOf(retries: Json | undefined): RetryPolicy {
  const set = Object.entries(retries ?? {}).filter(([, value]) => value !== null)
  return { ...HTTP_POLICY, ...Object.fromEntries(set) }
}

/** The fields in the order in which SNS writes them. */
function shown(policy: RetryPolicy): object {
  const { minDelayTarget, maxDelayTarget, numRetries, numMaxDelayRetries } = policy
  const { numNoDelayRetries, numMinDelayRetries, backoffFunction } = policy
  return {
    minDelayTarget,
    maxDelayTarget,
    numRetries,
    numMaxDelayRetries,
    numNoDelayRetries,
    numMinDelayRetries,
    backoffFunction,
  }
}

function objectOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}
