/** The check of delivery policies before they are stored (SNS developer guide, "Creating an HTTP/S delivery policy"). */
import { pauseMs } from '../deliveries/schedule.ts'
import { type PolicyOf, retriesOf } from './delivery-policy.ts'

/** All retries together. */
const MAX_TOTAL_SECONDS = 3600
const MAX_RETRIES = 100
const MAX_DELAY_SECONDS = 3600
const BACKOFF_FUNCTIONS = ['linear', 'arithmetic', 'geometric', 'exponential']
/** The types that the guide lists. */
const CONTENT_TYPE =
  /^(text\/(css|csv|html|markdown|plain|xml)|application\/(atom\+xml|json|octet-stream|rss\+xml|soap\+xml|x-www-form-urlencoded|xml))(; ?charset=[\w-]{1,64})?$/i

type Json = Readonly<Record<string, unknown>>
/** Throws an error with a complaint about a value, which is at the path. */
type Check = (value: unknown, path: string) => void

/** A policy that cannot be stored. The message says which field is wrong, in SNS's words if these are known. */
export class DeliveryPolicyError extends Error {
  override readonly name = 'DeliveryPolicyError'
}

/** Throws DeliveryPolicyErrors. The empty text is for the policy of the topic, or for SNS's default. */
export function checkDeliveryPolicy(text: string, of: PolicyOf): void {
  if (text !== '') (of === 'topic' ? TOPIC : SUBSCRIPTION)(parse(text), '')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new DeliveryPolicyError('failed to parse JSON.')
  }
}

/** Checks an object with these fields. Those that are null are as if they were left out. */
const object =
  (fields: Readonly<Record<string, Check>>, whole: Check = () => {}): Check =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new DeliveryPolicyError(`${path || 'the policy'} must be a JSON object`)
    for (const [name, field] of Object.entries(value)) {
      if (!Object.hasOwn(fields, name))
        throw new DeliveryPolicyError(`Unexpected JSON member: ${name.slice(0, 64)}`)
      if (field !== null) fields[name](field, path === '' ? name : `${path}.${name}`)
    }
    whole(value, path)
  }

const integer =
  (min: number, max: number): Check =>
  (value, path) => {
    if (!Number.isInteger(value)) throw new DeliveryPolicyError(`${path} must be an integer`)
    if ((value as number) < min)
      throw new DeliveryPolicyError(`${path} must be greater than or equal to ${min}`)
    if ((value as number) > max) throw new DeliveryPolicyError(`${path} must be less than or equal to ${max}`)
  }

const flag: Check = (value, path) => {
  if (typeof value !== 'boolean') throw new DeliveryPolicyError(`${path} must be true or false`)
}

const backoffFunction: Check = (value, path) => {
  if (!BACKOFF_FUNCTIONS.includes(value as string))
    throw new DeliveryPolicyError(`${path} must be one of ${BACKOFF_FUNCTIONS.join(', ')}`)
}

const contentType: Check = (value, path) => {
  if (typeof value !== 'string' || !CONTENT_TYPE.test(value))
    throw new DeliveryPolicyError(
      `${path} must be a content type that SNS supports, such as application/json`,
    )
}

/** Checks what depends on several fields, with the defaults of those that are left out. */
const consistent: Check = (value, path) => {
  const policy = retriesOf(value as Json)
  if (policy.minDelayTarget > policy.maxDelayTarget)
    throw new DeliveryPolicyError(
      `${path}.maxDelayTarget must be greater than or equal to minDelayTarget, which is ${policy.minDelayTarget}`,
    )
  const ofPhases = policy.numNoDelayRetries + policy.numMinDelayRetries + policy.numMaxDelayRetries
  if (ofPhases > policy.numRetries)
    throw new DeliveryPolicyError(
      `${path}.numRetries must be greater than or equal to numNoDelayRetries + numMinDelayRetries + numMaxDelayRetries`,
    )
  let totalMs = 0
  for (let attempts = 1; attempts <= policy.numRetries; attempts++) totalMs += pauseMs(policy, attempts) ?? 0
  if (totalMs > MAX_TOTAL_SECONDS * 1000)
    throw new DeliveryPolicyError(`${path} must not take more than ${MAX_TOTAL_SECONDS} seconds in all`)
}

const retries = integer(0, MAX_RETRIES)
const delay = integer(1, MAX_DELAY_SECONDS)
const RETRIES = object(
  {
    numRetries: retries,
    numNoDelayRetries: retries,
    numMinDelayRetries: retries,
    numMaxDelayRetries: retries,
    minDelayTarget: delay,
    maxDelayTarget: delay,
    backoffFunction,
  },
  consistent,
)
const THROTTLE = object({ maxReceivesPerSecond: integer(1, Number.MAX_SAFE_INTEGER) })
const REQUEST = object({ headerContentType: contentType })

const TOPIC = object({
  http: object({
    defaultHealthyRetryPolicy: RETRIES,
    defaultSicklyRetryPolicy: RETRIES,
    defaultThrottlePolicy: THROTTLE,
    defaultRequestPolicy: REQUEST,
    disableSubscriptionOverrides: flag,
  }),
})
const SUBSCRIPTION = object({
  healthyRetryPolicy: RETRIES,
  sicklyRetryPolicy: RETRIES,
  throttlePolicy: THROTTLE,
  requestPolicy: REQUEST,
  guaranteed: flag,
})
