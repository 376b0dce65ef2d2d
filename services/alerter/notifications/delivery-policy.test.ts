import { describe, expect, test } from 'vitest'
import { effectiveDeliveryPolicy, effectiveTopicPolicy } from './delivery-policy.ts'
import { checkDeliveryPolicy, DeliveryPolicyError } from './delivery-policy-check.ts'

/** Returns the complaint about a policy; undefined if there is none. */
function complaintAbout(text: string, of: 'topic' | 'subscription'): string | undefined {
  try {
    checkDeliveryPolicy(text, of)
    return undefined
  } catch (error) {
    if (error instanceof DeliveryPolicyError) return error.message
    throw error
  }
}

const retries = (fields: object): string => JSON.stringify({ healthyRetryPolicy: fields })

/** The example of the developer guide. */
const GUIDE = {
  healthyRetryPolicy: {
    minDelayTarget: 1,
    maxDelayTarget: 60,
    numRetries: 50,
    numNoDelayRetries: 3,
    numMinDelayRetries: 2,
    numMaxDelayRetries: 35,
    backoffFunction: 'exponential',
  },
  throttlePolicy: { maxReceivesPerSecond: 10 },
  requestPolicy: { headerContentType: 'application/json' },
}

describe('a policy of a subscription is accepted', () => {
  test.each<[string, string]>([
    ['empty, which takes the policy away', ''],
    ['as the guide shows it', JSON.stringify(GUIDE)],
    ['with one field', retries({ numRetries: 5 })],
    [
      'in the form in which SNS shows it',
      '{"healthyRetryPolicy":null,"sicklyRetryPolicy":null,"throttlePolicy":{"maxReceivesPerSecond":1000},"guaranteed":false}',
    ],
    ['with the largest delays', retries({ minDelayTarget: 3600, maxDelayTarget: 3600, numRetries: 1 })],
    ['with a character set', '{"requestPolicy":{"headerContentType":"text/html; charset=utf-8"}}'],
  ])('%s', (_, text) => expect(complaintAbout(text, 'subscription')).toBeUndefined())
})

describe('a policy of a subscription is refused', () => {
  test.each<[string, string]>([
    ['{', 'failed to parse JSON.'],
    ['[]', 'the policy must be a JSON object'],
    ['{"http":{}}', 'Unexpected JSON member: http'],
    ['{"healthyRetryPolicy":7}', 'healthyRetryPolicy must be a JSON object'],
    [retries({ numberRetries: 3 }), 'Unexpected JSON member: numberRetries'],
    [retries({ __proto__: null, constructor: 3 }), 'Unexpected JSON member: constructor'],
    // As AWS words it.
    [retries({ minDelayTarget: 0 }), 'healthyRetryPolicy.minDelayTarget must be greater than or equal to 1'],
    [
      retries({ maxDelayTarget: 3601 }),
      'healthyRetryPolicy.maxDelayTarget must be less than or equal to 3600',
    ],
    [retries({ numRetries: 101 }), 'healthyRetryPolicy.numRetries must be less than or equal to 100'],
    [retries({ numRetries: -1 }), 'healthyRetryPolicy.numRetries must be greater than or equal to 0'],
    [retries({ numRetries: 1.5 }), 'healthyRetryPolicy.numRetries must be an integer'],
    [retries({ numRetries: '3' }), 'healthyRetryPolicy.numRetries must be an integer'],
    [
      retries({ minDelayTarget: 30 }),
      'healthyRetryPolicy.maxDelayTarget must be greater than or equal to minDelayTarget, which is 30',
    ],
    [
      retries({ numRetries: 3, numNoDelayRetries: 1, numMinDelayRetries: 1, numMaxDelayRetries: 2 }),
      'healthyRetryPolicy.numRetries must be greater than or equal to numNoDelayRetries + numMinDelayRetries + numMaxDelayRetries',
    ],
    [
      retries({ backoffFunction: 'random' }),
      'healthyRetryPolicy.backoffFunction must be one of linear, arithmetic, geometric, exponential',
    ],
    [
      retries({ numRetries: 100, minDelayTarget: 37, maxDelayTarget: 37 }),
      'healthyRetryPolicy must not take more than 3600 seconds in all',
    ],
    [
      '{"throttlePolicy":{"maxReceivesPerSecond":0}}',
      'throttlePolicy.maxReceivesPerSecond must be greater than or equal to 1',
    ],
    ['{"guaranteed":"no"}', 'guaranteed must be true or false'],
    [
      '{"requestPolicy":{"headerContentType":"text/plain\\r\\nx: y"}}',
      'requestPolicy.headerContentType must be a content type that SNS supports, such as application/json',
    ],
  ])('%s', (text, complaint) => expect(complaintAbout(text, 'subscription')).toBe(complaint))
})

test("a topic's policy has other names for its parts", () => {
  const own = { http: { defaultHealthyRetryPolicy: { numRetries: 5 }, disableSubscriptionOverrides: true } }
  expect(complaintAbout(JSON.stringify(own), 'topic')).toBeUndefined()
  expect(complaintAbout(JSON.stringify(GUIDE), 'topic')).toBe('Unexpected JSON member: healthyRetryPolicy')
  expect(complaintAbout('{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":0}}}', 'topic')).toBe(
    'http.defaultHealthyRetryPolicy.minDelayTarget must be greater than or equal to 1',
  )
})

describe('the policy that holds', () => {
  const policy = (value: object | undefined): { readonly attributes: Record<string, string> } => ({
    attributes: value === undefined ? {} : { DeliveryPolicy: JSON.stringify(value) },
  })
  const COMMON = { http: { defaultHealthyRetryPolicy: { numRetries: 7 }, defaultThrottlePolicy: null } }

  test("is SNS's default if neither the topic nor the subscription has one", () => {
    expect(effectiveDeliveryPolicy(policy(undefined), policy(undefined))).toEqual({
      retries: {
        minDelayTarget: 20,
        maxDelayTarget: 20,
        numRetries: 3,
        numMaxDelayRetries: 0,
        numNoDelayRetries: 0,
        numMinDelayRetries: 0,
        backoffFunction: 'linear',
      },
      maxReceivesPerSecond: undefined,
      contentType: 'text/plain; charset=UTF-8',
    })
  })

  test('takes each part from the subscription before the topic', () => {
    const { retries, ...rest } = effectiveDeliveryPolicy(
      policy(COMMON),
      policy({
        throttlePolicy: { maxReceivesPerSecond: 5 },
        requestPolicy: { headerContentType: 'text/xml' },
      }),
    )
    expect(retries.numRetries).toBe(7)
    expect(rest).toEqual({ maxReceivesPerSecond: 5, contentType: 'text/xml' })
    expect(effectiveDeliveryPolicy(policy(COMMON), policy(GUIDE)).retries).toEqual(GUIDE.healthyRetryPolicy)
  })

  test("is the topic's alone if the topic says so", () => {
    const final = policy({ http: { ...COMMON.http, disableSubscriptionOverrides: true } })
    expect(effectiveDeliveryPolicy(final, policy(GUIDE)).retries.numRetries).toBe(7)
    expect(effectiveTopicPolicy(final)).toMatchObject({ http: { disableSubscriptionOverrides: true } })
  })

  test('has the defaults for fields that are null', () => {
    const some = policy({ healthyRetryPolicy: { numRetries: null, minDelayTarget: 2 } })
    expect(effectiveDeliveryPolicy(policy({ http: null }), some).retries).toMatchObject({
      numRetries: 3,
      minDelayTarget: 2,
    })
  })
})
