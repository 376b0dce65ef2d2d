import { expect, test } from 'vitest'
import { formatArn, functionArn, parseArn, streamArn, userArn } from './arn.ts'

const account = { region: 'eu-west-1', accountId: '123456789012' }

test('a formatted ARN is parsed back', () => {
  expect(streamArn(account, 'orders')).toBe('arn:aws:kinesis:eu-west-1:123456789012:stream/orders')
  expect(functionArn(account, 'offers:live')).toBe(
    'arn:aws:lambda:eu-west-1:123456789012:function:offers:live',
  )
  expect(userArn('123456789012', 'AKIA')).toBe('arn:aws:iam::123456789012:user/AKIA')
  for (const arn of [streamArn(account, 'a'), functionArn(account, 'b:1'), 'arn:aws:s3:::bucket'])
    expect(formatArn(parseArn(arn)!)).toBe(arn)
  expect(parseArn('arn:aws-cn:sns:cn-north-1:123456789012:topic')).toMatchObject({
    service: 'sns',
    resource: 'topic',
  })
})

test.each([
  '',
  'orders',
  'arn:aws:kinesis:eu-west-1:123456789012',
  'arn:aws:kinesis:eu-west-1:123456789012:',
  'arn:aws:kinesis:eu-west-1:12345:stream/orders',
  'arn:other:kinesis:eu-west-1:123456789012:stream/orders',
  'arn:aws::eu-west-1:123456789012:stream/orders',
  'arn:aws:sqs:evil.example/x#:123456789012:queue',
  'xarn:aws:kinesis:eu-west-1:123456789012:stream/orders',
  'arn:aws:kinesis:eu-west-1:123456789012:stream/a\nb',
])('%j is not an ARN', (text) => {
  expect(parseArn(text)).toBeUndefined()
})
