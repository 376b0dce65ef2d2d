/** HTTP endpoints through AWS's client: created, described, updated, and refused by the bounds of the model. */
import {
  CreateDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  type HttpEndpointDestinationConfiguration,
  UpdateDestinationCommand,
} from '@aws-sdk/client-firehose'
import { uniqueName } from '@weir/testkit'
import { expect, test } from 'vitest'
import { DESTINATION, openFirehoseTests } from './testing/firehose.ts'

const { client, create } = await openFirehoseTests()

const http = (
  more: Partial<HttpEndpointDestinationConfiguration> = {},
): HttpEndpointDestinationConfiguration => ({
  EndpointConfiguration: { Url: 'https://example.com/', AccessKey: 'top-secret' },
  S3Configuration: DESTINATION,
  ...more,
})

test('an endpoint is described without its access key, and updated', async () => {
  const name = await create({
    ExtendedS3DestinationConfiguration: undefined,
    HttpEndpointDestinationConfiguration: http({ S3BackupMode: 'AllData' }),
  })
  const described = async () =>
    (await client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: name })))
      .DeliveryStreamDescription!
  const { Destinations, VersionId } = await described()
  expect(JSON.stringify(Destinations)).not.toContain('top-secret')
  const [{ DestinationId, HttpEndpointDestinationDescription: endpoint }] = Destinations!
  expect(endpoint).toMatchObject({
    EndpointConfiguration: { Url: 'https://example.com/' },
    S3BackupMode: 'AllData',
    S3DestinationDescription: DESTINATION,
  })
  await client.send(
    new UpdateDestinationCommand({
      DeliveryStreamName: name,
      CurrentDeliveryStreamVersionId: VersionId,
      DestinationId,
      HttpEndpointDestinationUpdate: { RetryOptions: { DurationInSeconds: 7200 } },
    }),
  )
  expect((await described()).Destinations![0].HttpEndpointDestinationDescription).toMatchObject({
    ...endpoint,
    RetryOptions: { DurationInSeconds: 7200 },
  })
})

test.each<[string, Partial<HttpEndpointDestinationConfiguration>]>([
  ['a URL without TLS', { EndpointConfiguration: { Url: 'http://example.com/' } }],
  ['a buffer of 65 MiB', { BufferingHints: { SizeInMBs: 65, IntervalInSeconds: 60 } }],
  ['a buffer of 901 s', { BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 901 } }],
  ['half of a buffer', { BufferingHints: { SizeInMBs: 1 } }],
  ['retries of more than two hours', { RetryOptions: { DurationInSeconds: 7201 } }],
  ['a mode of another endpoint', { S3BackupMode: 'AllDocuments' as 'AllData' }],
])('%s is refused', async (_, changes) => {
  const input = {
    DeliveryStreamName: uniqueName('delivery'),
    HttpEndpointDestinationConfiguration: http(changes),
  }
  const error = await client.send(new CreateDeliveryStreamCommand(input)).catch((caught: Error) => caught)
  expect((error as Error).name).toMatch(/^(Validation|InvalidArgument)Exception$/)
  expect((error as Error).message).not.toContain('top-secret')
})
