import { deliveryStream } from '@weir/deliveries/testing/delivery-stream.ts'
import { expect, test } from 'vitest'
import { PartitionKeys } from './partition-keys.ts'

const PREFIX = 'hall=!{partitionKeyFromLambda:hall}/!{partitionKeyFromLambda:day}/!{timestamp:yyyy}/'
const of = (given?: Record<string, string>, prefix = PREFIX) =>
  new PartitionKeys().of(deliveryStream('badges', { prefix }), given)

test('a record has the keys that the prefix uses, in its order', () => {
  expect(JSON.stringify(of({ day: '7', other: 'x', hall: 'north' }))).toBe(
    '{"keys":{"hall":"north","day":"7"}}',
  )
})

test('the prefix may change', () => {
  const keys = new PartitionKeys()
  const given = { hall: 'north', day: '7' }
  keys.of(deliveryStream('badges', { prefix: PREFIX }), given)
  const prefix = '!{partitionKeyFromLambda:day}/'
  expect(keys.of(deliveryStream('badges', { prefix }), given)).toEqual({ keys: { day: '7' } })
})

test.each([
  [undefined, 'no partition key hall'],
  [{ hall: 'north' }, 'no partition key day'],
  [{ hall: '', day: '7' }, 'no partition key hall'],
  [{ hall: 'x'.repeat(1025), day: '7' }, 'no partition key hall'],
  [{ hall: 'a/../b', day: '7' }, 'It has . or .. between slashes'],
  [{ hall: 'a\nb', day: '7' }, 'It has control characters'],
  [{ hall: 'x'.repeat(1000), day: '7' }, 'would be longer than 1024 bytes'],
])('%j: %s', (given, message) => {
  expect(of(given)).toMatchObject({
    reason: {
      errorCode: 'DynamicPartitioning.S3PrefixEvaluationFailed',
      errorMessage: expect.stringContaining(message),
    },
  })
})

test('the names of keys are not those of JavaScript', () => {
  const prefix = '!{partitionKeyFromLambda:constructor}/'
  expect(of({}, prefix)).toMatchObject({ reason: { errorMessage: expect.stringContaining('constructor') } })
})
