import type { DeliveryStream } from '@weir/deliveries'
import { deliveryStream } from '@weir/deliveries/testing/delivery-stream.ts'
import { describe, expect, test } from 'vitest'
import { describe as describeStream } from './description.ts'
import type { HttpInput } from './http-endpoint.ts'
import { receiverOf } from './receiver.ts'

const S3 = { RoleARN: 'arn:aws:iam::000000000000:role/delivery', BucketARN: 'arn:aws:s3:::lake' }
const Url = 'https://example.com/path?q'
const ACCOUNT = { region: 'us-east-1', accountId: '000000000000' }
const CALLS = { name: 'calls', account: ACCOUNT }

const http = (more: HttpInput = {}): DeliveryStream => {
  const input = { EndpointConfiguration: { Url }, S3Configuration: S3, ...more }
  const receiver = receiverOf({ HttpEndpointDestinationConfiguration: input }, 'Configuration', CALLS)
  return { ...deliveryStream('calls'), ...receiver }
}
const updated = (before: DeliveryStream, more: HttpInput): DeliveryStream => ({
  ...before,
  ...receiverOf({ HttpEndpointDestinationUpdate: more }, 'Update', CALLS, before),
})
const described = (stream: DeliveryStream): any => {
  const { Destinations } = describeStream(stream, ACCOUNT) as any
  return Destinations[0].HttpEndpointDestinationDescription
}

describe('what is not served is refused by name', () => {
  test.each([
    'RedshiftDestination',
    'ElasticsearchDestination',
    'AmazonopensearchserviceDestination',
    'AmazonOpenSearchServerlessDestination',
    'SplunkDestination',
    'SnowflakeDestination',
    'IcebergDestination',
  ])('%s', (name) => {
    for (const suffix of ['Configuration', 'Update'] as const)
      expect(() => receiverOf({ [`${name}${suffix}`]: {} }, suffix, CALLS)).toThrow(
        `${name}${suffix} is not served: `,
      )
  })

  test.each<[string, HttpInput]>([
    ['SecretsManagerConfiguration', { SecretsManagerConfiguration: { Enabled: true } }],
    ['ProcessingConfiguration', { ProcessingConfiguration: { Processors: [{ Type: 'Lambda' }] } }],
    ['A user or a password in Url', { EndpointConfiguration: { Url: 'https://me:secret@example.com/' } }],
    ['CompressionFormat Snappy', { S3Configuration: { ...S3, CompressionFormat: 'Snappy' } }],
  ])('%s', (part, input) => {
    expect(() => http(input)).toThrow(part)
    expect(() => http(input)).toThrow('is not served: ')
    expect(() => http(input)).not.toThrow('secret')
  })

  test('a request has exactly one destination', () => {
    const both = { S3DestinationConfiguration: S3, ExtendedS3DestinationConfiguration: S3 }
    for (const request of [{ DeliveryStreamName: 'orders' }, both])
      expect(() => receiverOf(request, 'Configuration', CALLS)).toThrow('Exactly one destination')
  })

  test('a destination does not become one of another kind', () => {
    const s3 = deliveryStream('calls')
    expect(() => updated(s3, {})).toThrow('HttpEndpointDestinationUpdate does not fit Firehose calls')
    expect(() => receiverOf({ ExtendedS3DestinationUpdate: {} }, 'Update', CALLS, http())).toThrow(
      'ExtendedS3DestinationUpdate does not fit Firehose calls',
    )
  })
})

test.each<[string, HttpInput]>([
  ['BufferingHints needs both', { BufferingHints: { SizeInMBs: 1 } }],
  ['Url of EndpointConfiguration cannot be used', { EndpointConfiguration: { Url: 'https://' } }],
  [
    'CommonAttributes has an AttributeName more than once',
    {
      RequestConfiguration: {
        CommonAttributes: [
          { AttributeName: 'a', AttributeValue: '1' },
          { AttributeName: 'a', AttributeValue: '2' },
        ],
      },
    },
  ],
  ['AccessKey has a character', { EndpointConfiguration: { Url, AccessKey: 'a\nb' } }],
  ['ErrorOutputPrefix is not valid', { S3Configuration: { ...S3, Prefix: 'x'.repeat(910) } }],
])('%s', (message, input) => expect(() => http(input)).toThrow(message))

test('settings that are not given have the defaults of AWS', () => {
  expect(described(http())).toEqual({
    EndpointConfiguration: { Url, Name: undefined },
    RequestConfiguration: { ContentEncoding: 'NONE', CommonAttributes: [] },
    S3BackupMode: 'FailedDataOnly',
    RoleARN: undefined,
    BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 300 },
    RetryOptions: { DurationInSeconds: 300 },
    ProcessingConfiguration: { Enabled: false, Processors: [] },
    CloudWatchLoggingOptions: { Enabled: false },
    S3DestinationDescription: {
      ...S3,
      BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 300 },
      CompressionFormat: 'UNCOMPRESSED',
      EncryptionConfiguration: { NoEncryptionConfig: 'NoEncryption' },
      CloudWatchLoggingOptions: { Enabled: false },
    },
  })
})

test('an update keeps what it does not name, and each buffer is its own', () => {
  const before = http({
    BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 0 },
    RetryOptions: { DurationInSeconds: 0 },
    S3BackupMode: 'AllData',
    S3Configuration: { ...S3, BufferingHints: { SizeInMBs: 100, IntervalInSeconds: 60 } },
    RequestConfiguration: { CommonAttributes: [{ AttributeName: 'a', AttributeValue: '1' }] },
  })
  expect(before.destination).toMatchObject({ sizeMiB: 64, intervalSeconds: 0 })
  const after = updated(before, {
    RequestConfiguration: { ContentEncoding: 'GZIP' },
    S3Update: { CompressionFormat: 'GZIP' },
  })
  expect(after.endpoint).toEqual({ ...before.endpoint, isCompressed: true })
  expect(after.destination).toEqual({ ...before.destination, compression: 'GZIP' })
  expect(described(after)).toMatchObject({
    BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 0 },
    S3BackupMode: 'AllData',
    S3DestinationDescription: { BufferingHints: { SizeInMBs: 100, IntervalInSeconds: 60 } },
  })
})

test('the access key is not shown, and does not go to another URL', () => {
  const before = http({ EndpointConfiguration: { Url, AccessKey: 'secret' } })
  expect(JSON.stringify(describeStream(before, ACCOUNT))).not.toContain('secret')
  const named = updated(before, { EndpointConfiguration: { Url, Name: 'calls' } })
  expect(named.endpoint).toMatchObject({ accessKey: 'secret', name: 'calls' })
  const moved = updated(before, { EndpointConfiguration: { Url: 'https://example.net/' } })
  expect(moved.endpoint).toMatchObject({ accessKey: '', url: 'https://example.net/' })
})
