/** Delivery streams that read a Kinesis stream, as Firehose's API creates and shows them. */
import {
  type CreateDeliveryStreamCommandInput,
  DeleteDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  PutRecordBatchCommand,
  PutRecordCommand,
  StartDeliveryStreamEncryptionCommand,
} from '@aws-sdk/client-firehose'
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordCommand as PutKinesisRecord,
} from '@aws-sdk/client-kinesis'
import { uniqueName } from '@weir/testkit'
import { afterAll, expect, test } from 'vitest'
import { DESTINATION, openFirehoseTests, statusOf } from './testing/firehose.ts'

const { kafka, hub, client, create } = await openFirehoseTests()
const kinesis = new KinesisClient({
  endpoint: hub.url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
})
afterAll(() => kinesis.destroy())

const RoleARN = 'arn:aws:iam::000000000000:role/reader'
const arnOf = (stream: string): string => `arn:aws:kinesis:us-east-1:000000000000:stream/${stream}`
const reading = (KinesisStreamARN: string): Partial<CreateDeliveryStreamCommandInput> => ({
  DeliveryStreamType: 'KinesisStreamAsSource',
  KinesisStreamSourceConfiguration: { KinesisStreamARN, RoleARN },
})

async function stream(): Promise<string> {
  const StreamName = uniqueName('source')
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }))
  const status = async () =>
    (await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }))).StreamDescriptionSummary!
      .StreamStatus
  await expect.poll(status, { timeout: 20_000 }).toBe('ACTIVE')
  return StreamName
}

test('a stream is a source: it is shown, takes no records put directly, and outlives the delivery stream', async () => {
  const source = await stream()
  await kinesis.send(
    new PutKinesisRecord({ StreamName: source, PartitionKey: 'a', Data: Buffer.from('before') }),
  )
  const name = await create(reading(arnOf(source)))
  const { DeliveryStreamDescription: described } = await client.send(
    new DescribeDeliveryStreamCommand({ DeliveryStreamName: name }),
  )
  expect(described).toMatchObject({
    DeliveryStreamType: 'KinesisStreamAsSource',
    Source: {
      KinesisStreamSourceDescription: {
        KinesisStreamARN: arnOf(source),
        RoleARN,
        DeliveryStartTimestamp: expect.any(Date),
      },
    },
  })
  const Record = { Data: Buffer.from('x') }
  const refused = {
    name: 'InvalidArgumentException',
    message: 'This operation is not permitted on KinesisStreamAsSource delivery stream type.',
  }
  await expect(client.send(new PutRecordCommand({ DeliveryStreamName: name, Record }))).rejects.toMatchObject(
    refused,
  )
  await expect(
    client.send(new PutRecordBatchCommand({ DeliveryStreamName: name, Records: [Record] })),
  ).rejects.toMatchObject(refused)
  await expect(
    client.send(new StartDeliveryStreamEncryptionCommand({ DeliveryStreamName: name })),
  ).rejects.toMatchObject({ name: 'InvalidArgumentException' })

  await client.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: name }))
  await expect.poll(() => statusOf(client, name), { timeout: 30_000 }).toBe('ResourceNotFoundException')
  const topics = (await kafka.admin.topics()).map((topic) => topic.name)
  expect(topics).toContain(`stream.${source}`)
  expect(topics).not.toContain(`delivery.${name}`)
})

test('sources that do not fit are refused', async () => {
  const source = await stream()
  const Key = { KeyType: 'AWS_OWNED_CMK' as const }
  for (const [changes, message] of [
    [reading(arnOf('missing')), 'Stream missing under account 000000000000 is not ACTIVE'],
    [reading(arnOf(source).replace('us-east-1', 'eu-west-1')), 'is not a stream of this account'],
    [{ DeliveryStreamType: 'KinesisStreamAsSource' }, 'needs KinesisStreamSourceConfiguration'],
    [{ ...reading(arnOf(source)), DeliveryStreamType: 'DirectPut' }, 'must be left out'],
    [
      { ...reading(arnOf(source)), DirectPutSourceConfiguration: { ThroughputHintInMBs: 1 } },
      'DirectPutSourceConfiguration must be left out',
    ],
    [{ DeliveryStreamType: 'DatabaseAsSource' }, 'DeliveryStreamType DatabaseAsSource is not served'],
    [{ ...reading(arnOf(source)), DeliveryStreamEncryptionConfigurationInput: Key }, 'encrypt the source'],
  ] as const satisfies readonly (readonly [Partial<CreateDeliveryStreamCommandInput>, string])[]) {
    await expect(create(changes), message).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringContaining(message),
    })
  }
})

test('processed records have a topic, with as many partitions as the source, as long as the delivery stream', async () => {
  const source = await stream()
  const processed = {
    ...DESTINATION,
    ProcessingConfiguration: {
      Processors: [
        {
          Type: 'Lambda' as const,
          Parameters: [
            {
              ParameterName: 'LambdaArn' as const,
              ParameterValue: 'arn:aws:lambda:us-east-1:000000000000:function:clean',
            },
          ],
        },
      ],
    },
  }
  const put = await create({ ExtendedS3DestinationConfiguration: processed })
  const read = await create({ ...reading(arnOf(source)), ExtendedS3DestinationConfiguration: processed })
  const partitionsOf = async (topic: string) =>
    (await kafka.admin.topics()).find(({ name }) => name === topic)?.partitions
  expect(await partitionsOf(`delivery-processed.${put}`)).toBe(6)
  expect(await partitionsOf(`delivery-processed.${read}`)).toBe(2)
  for (const DeliveryStreamName of [put, read]) {
    await client.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName }))
    const status = () => statusOf(client, DeliveryStreamName)
    await expect.poll(status, { timeout: 30_000 }).toBe('ResourceNotFoundException')
    expect(await partitionsOf(`delivery-processed.${DeliveryStreamName}`)).toBeUndefined()
  }
})
