import { AwsError } from '@weir/aws'
import { describe, expect, test } from 'vitest'
import { attributesForCreation, checkTopicAttribute, shownAttributes } from './topic-attributes.ts'

const account = { region: 'us-east-1', accountId: '123456789012' }

/** Returns the text of the error for an attribute that is set; undefined if it is accepted. */
function complaintAbout(name: string, value: string, topic = 'orders'): string | undefined {
  try {
    checkTopicAttribute(topic, name, value)
    return undefined
  } catch (error) {
    if (error instanceof AwsError) return error.message
    throw error
  }
}

describe('an attribute of a topic is refused', () => {
  test.each<[string, string, string]>([
    ['FifoTopic', 'false', 'AttributeName'],
    ['constructor', 'x', 'AttributeName'],
    ['ContentBasedDeduplication', 'true', 'AttributeName'],
    ['DisplayName', 'x'.repeat(101), 'DisplayName: must be at most 100 characters long'],
    ['Policy', '{', 'Policy: failed to parse JSON.'],
    ['Policy', 'null', 'Policy: Statement must be a JSON object or a list of them.'],
    ['Policy', '{"Statement":[null]}', 'Policy: Statement must be a JSON object or a list of them.'],
    ['Policy', `{"Statement":[],"x":"${'é'.repeat(16_000)}"}`, 'Policy: must be at most 30720 bytes long'],
    ['KmsMasterKeyId', 'x'.repeat(30_721), 'KmsMasterKeyId: must be at most 30720 bytes long'],
    ['SignatureVersion', '3', 'SignatureVersion: Invalid value [3].'],
    ['DeliveryPolicy', '{"https":{}}', 'DeliveryPolicy: Unexpected JSON member: https'],
  ])('%s: %s', (name, value, text) => expect(complaintAbout(name, value)).toBe(`Invalid parameter: ${text}`))
})

test.each<[string, string]>([
  ['DisplayName', ''],
  ['Policy', '{"Version":"2012-10-17","Statement":[{"Sid":"a"}]}'],
  ['Policy', '{"Statement":{"Sid":"a"}}'],
  ['DeliveryPolicy', ''],
  ['SignatureVersion', '2'],
  ['TracingConfig', 'Active'],
  ['HTTPSuccessFeedbackSampleRate', '100'],
])('an attribute of a topic is accepted: %s %s', (name, value) =>
  expect(complaintAbout(name, value)).toBeUndefined(),
)

test('attributes of FIFO topics can be set for these only', () => {
  expect(complaintAbout('ContentBasedDeduplication', 'true', 'orders.fifo')).toBeUndefined()
  expect(attributesForCreation('orders.fifo', { FifoTopic: 'true', DisplayName: 'x' })).toEqual({
    DisplayName: 'x',
  })
  expect(() => attributesForCreation('orders', { FifoTopic: 'true' })).toThrow(
    'Invalid parameter: Topic Name',
  )
  expect(() => attributesForCreation('orders.fifo', {})).toThrow('Invalid parameter: Topic Name')
})

test('a new topic is shown with the defaults of SNS', () => {
  const topic = { name: 'a', id: 'b', createdAt: 0, attributes: {}, tags: {}, dataProtectionPolicy: null }
  const arn = 'arn:aws:sns:us-east-1:123456789012:a'
  const { Policy, EffectiveDeliveryPolicy, ...rest } = shownAttributes(topic, arn, account, {
    confirmed: 2,
    pending: 1,
    deleted: 0,
  })
  expect(rest).toEqual({
    DisplayName: '',
    TopicArn: arn,
    Owner: '123456789012',
    SubscriptionsConfirmed: '2',
    SubscriptionsPending: '1',
    SubscriptionsDeleted: '0',
  })
  expect(JSON.parse(Policy).Statement[0]).toMatchObject({
    Sid: '__default_statement_ID',
    Resource: arn,
    Condition: { StringEquals: { 'AWS:SourceOwner': '123456789012' } },
  })
  // As recorded from AWS.
  expect(JSON.parse(EffectiveDeliveryPolicy)).toEqual({
    http: {
      defaultHealthyRetryPolicy: {
        minDelayTarget: 20,
        maxDelayTarget: 20,
        numRetries: 3,
        numMaxDelayRetries: 0,
        numNoDelayRetries: 0,
        numMinDelayRetries: 0,
        backoffFunction: 'linear',
      },
      disableSubscriptionOverrides: false,
      defaultRequestPolicy: { headerContentType: 'text/plain; charset=UTF-8' },
    },
  })
})
