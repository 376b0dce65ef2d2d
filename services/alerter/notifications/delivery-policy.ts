/** The delivery policies of topics and subscriptions (SNS developer guide, "Creating an HTTP/S delivery policy"). */
import { HTTP_POLICY, pauseMs, type RetryPolicy } from '../deliveries/schedule.ts'
import type { Subscription, Topic } from './entries.ts'

export interface DeliveryPolicy {
  readonly retries: RetryPolicy
  /** The most deliveries to a subscription in a second. */
  readonly maxReceivesPerSecond: number | undefined
  readonly contentType: string
}

export const DEFAULT_CONTENT_TYPE = 'text/plain; charset=UTF-8'
/** The whole policy may take no longer. */
const MAX_TOTAL_MS = 3_600_000
const MAX_RETRIES = 100
const MAX_DELAY_SECONDS = 3600
const BACKOFF = ['linear', 'arithmetic', 'geometric', 'exponential']
/** SNS developer guide, "Content type". */
const CONTENT_TYPES =
  /^(text\/(plain|html|css|csv|xml|markdown)|application\/(json|xml|octet-stream|soap\+xml|x-www-form-urlencoded|atom\+xml|rss\+xml))(; ?charset=[\w-]+)?$/i

type Json = Readonly<Record<string, unknown>>

/** The parts of a policy; a topic's has other names for them than a subscription's. */
interface Parts {
  readonly retries: Json | undefined
  readonly throttle: Json | undefined
  readonly request: Json | undefined
}

/** Throws an error whose message is a sentence if the text is not a policy of a topic, or of a subscription. */
export function checkDeliveryPolicy(text: string, of: 'topic' | 'subscription'): void {
  const { retries, throttle, request } = partsOf(text, of)
  if (retries !== undefined) checkRetries(retries)
  const perSecond = throttle?.maxReceivesPerSecond
  if (perSecond !== undefined && perSecond !== null && !(typeof perSecond === 'number' && perSecond >= 1))
    throw new Error('throttlePolicy.maxReceivesPerSecond must be greater than or equal to 1')
  const type = request?.headerContentType
  if (type !== undefined && (typeof type !== 'string' || !CONTENT_TYPES.test(type)))
    throw new Error('requestPolicy.headerContentType has a content type that is not supported')
}

/** Returns the policy of a subscription over HTTP: its own parts before those of its topic. */
export function effectiveDeliveryPolicy(
  topic: Pick<Topic, 'attributes'>,
  subscription: Pick<Subscription, 'attributes'> | undefined,
): DeliveryPolicy {
  const common = partsOf(topic.attributes.DeliveryPolicy, 'topic')
  const own = isOverridden(topic) ? NONE : partsOf(subscription?.attributes.DeliveryPolicy, 'subscription')
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
      disableSubscriptionOverrides: isOverridden(topic),
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

const NONE: Parts = { retries: undefined, throttle: undefined, request: undefined }

function partsOf(text: string | undefined, of: 'topic' | 'subscription'): Parts {
  if (text === undefined || text === '') return NONE
  const policy = objectOf(JSON.parse(text))
  if (policy === undefined) throw new Error('the policy must be a JSON object')
  if (of === 'subscription')
    return {
      retries: objectOf(policy.healthyRetryPolicy),
      throttle: objectOf(policy.throttlePolicy),
      request: objectOf(policy.requestPolicy),
    }
  const http = objectOf(policy.http)
  return {
    retries: objectOf(http?.defaultHealthyRetryPolicy),
    throttle: objectOf(http?.defaultThrottlePolicy),
    request: objectOf(http?.defaultRequestPolicy),
  }
}

/** Whether the topic's policy holds for all its subscriptions. */
function isOverridden({ attributes }: Pick<Topic, 'attributes'>): boolean {
  const text = attributes.DeliveryPolicy
  if (text === undefined || text === '') return false
  return objectOf(objectOf(JSON.parse(text))?.http)?.disableSubscriptionOverrides === true
}

function retriesOf(retries: Json | undefined): RetryPolicy {
  return { ...HTTP_POLICY, ...(retries as Partial<RetryPolicy> | undefined) }
}

const WHOLE = ['numRetries', 'numNoDelayRetries', 'numMinDelayRetries', 'numMaxDelayRetries'] as const

function checkRetries(retries: Json): void {
  const policy = retriesOf(retries)
  for (const name of WHOLE) {
    const value: unknown = policy[name]
    if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > MAX_RETRIES)
      throw new Error(`healthyRetryPolicy.${name} must be a whole number between 0 and ${MAX_RETRIES}`)
  }
  const { minDelayTarget: min, maxDelayTarget: max, numRetries, backoffFunction } = policy
  if (!(typeof min === 'number' && min >= 1 && min <= MAX_DELAY_SECONDS))
    throw new Error(`healthyRetryPolicy.minDelayTarget must be between 1 and ${MAX_DELAY_SECONDS}`)
  if (!(typeof max === 'number' && max >= min && max <= MAX_DELAY_SECONDS))
    throw new Error(
      `healthyRetryPolicy.maxDelayTarget must be between minDelayTarget and ${MAX_DELAY_SECONDS}`,
    )
  const inPhases = policy.numNoDelayRetries + policy.numMinDelayRetries + policy.numMaxDelayRetries
  if (inPhases > numRetries)
    throw new Error('healthyRetryPolicy.numRetries must be at least the sum of the retries of the phases')
  if (!BACKOFF.includes(backoffFunction))
    throw new Error(`healthyRetryPolicy.backoffFunction must be one of ${BACKOFF.join(', ')}`)
  let totalMs = 0
  for (let attempts = 1; attempts <= numRetries; attempts++) totalMs += pauseMs(policy, attempts) ?? 0
  if (totalMs > MAX_TOTAL_MS)
    throw new Error(`healthyRetryPolicy must not take longer than ${MAX_TOTAL_MS / 1000} seconds in all`)
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
