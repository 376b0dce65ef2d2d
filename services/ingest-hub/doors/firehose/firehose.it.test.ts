/** Firehose's API with AWS's client for JavaScript, from the creation of a delivery stream to its end. */
import {
  CreateDeliveryStreamCommand,
  DeleteDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  type FirehoseClient,
  ListDeliveryStreamsCommand,
  ListTagsForDeliveryStreamCommand,
  PutRecordBatchCommand,
  PutRecordCommand,
  StartDeliveryStreamEncryptionCommand,
  StopDeliveryStreamEncryptionCommand,
  TagDeliveryStreamCommand,
  UntagDeliveryStreamCommand,
  UpdateDestinationCommand,
} from '@aws-sdk/client-firehose'
import { uniqueName } from '@weir/testkit'
import { describe, expect, test } from 'vitest'
import { startHub } from '../../testing/hub.ts'
import { clientOf, DESTINATION, openFirehoseTests, statusOf } from './testing/firehose.ts'

const { backends, kafka, hub, client, create, stored } = await openFirehoseTests()

const described = async (DeliveryStreamName: string, from: FirehoseClient = client) =>
  (await from.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }))).DeliveryStreamDescription!
const put = (DeliveryStreamName: string, texts: readonly string[], from: FirehoseClient = client) =>
  from.send(
    new PutRecordBatchCommand({
      DeliveryStreamName,
      Records: texts.map((text) => ({ Data: Buffer.from(text) })),
    }),
  )
const gone = (name: string) =>
  expect.poll(() => statusOf(client, name), { timeout: 30_000 }).toBe('ResourceNotFoundException')

describe('delivery streams', () => {
  test('are created, described, updated, encrypted, tagged, listed and deleted', async () => {
    const name = uniqueName('delivery')
    const { DeliveryStreamARN } = await client.send(
      new CreateDeliveryStreamCommand({
        DeliveryStreamName: name,
        DirectPutSourceConfiguration: { ThroughputHintInMBs: 2 },
        S3DestinationConfiguration: DESTINATION,
        Tags: [{ Key: 'team', Value: 'data' }, { Key: 'empty' }],
      }),
    )
    expect(DeliveryStreamARN).toBe(`arn:aws:firehose:us-east-1:000000000000:deliverystream/${name}`)
    await expect.poll(() => statusOf(client, name), { timeout: 30_000 }).toBe('ACTIVE')
    const s3 = {
      ...DESTINATION,
      BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 300 },
      CompressionFormat: 'UNCOMPRESSED',
      EncryptionConfiguration: { NoEncryptionConfig: 'NoEncryption' },
      CloudWatchLoggingOptions: { Enabled: false },
    }
    expect(await described(name)).toEqual({
      DeliveryStreamName: name,
      DeliveryStreamARN,
      DeliveryStreamStatus: 'ACTIVE',
      DeliveryStreamType: 'DirectPut',
      DeliveryStreamEncryptionConfiguration: { Status: 'DISABLED' },
      VersionId: '1',
      CreateTimestamp: expect.any(Date),
      Source: { DirectPutSourceDescription: { ThroughputHintInMBs: 2 } },
      HasMoreDestinations: false,
      Destinations: [
        {
          DestinationId: 'destinationId-000000000001',
          S3DestinationDescription: s3,
          ExtendedS3DestinationDescription: {
            ...s3,
            ProcessingConfiguration: { Enabled: false, Processors: [] },
            S3BackupMode: 'Disabled',
            CustomTimeZone: 'UTC',
          },
        },
      ],
    })

    const update = {
      DeliveryStreamName: name,
      DestinationId: 'destinationId-000000000001',
      ExtendedS3DestinationUpdate: { Prefix: 'a/', CompressionFormat: 'GZIP' as const },
    }
    await expect(
      client.send(new UpdateDestinationCommand({ ...update, CurrentDeliveryStreamVersionId: '2' })),
    ).rejects.toMatchObject({ name: 'ConcurrentModificationException' })
    await client.send(new UpdateDestinationCommand({ ...update, CurrentDeliveryStreamVersionId: '1' }))
    expect(await described(name)).toMatchObject({
      VersionId: '2',
      LastUpdateTimestamp: expect.any(Date),
      Destinations: [{ S3DestinationDescription: { ...s3, Prefix: 'a/', CompressionFormat: 'GZIP' } }],
    })

    const KeyARN = 'arn:aws:kms:us-east-1:000000000000:key/one'
    await client.send(
      new StartDeliveryStreamEncryptionCommand({
        DeliveryStreamName: name,
        DeliveryStreamEncryptionConfigurationInput: { KeyType: 'CUSTOMER_MANAGED_CMK', KeyARN },
      }),
    )
    expect((await described(name)).DeliveryStreamEncryptionConfiguration).toEqual({
      Status: 'ENABLED',
      KeyType: 'CUSTOMER_MANAGED_CMK',
      KeyARN,
    })
    expect((await put(name, ['x'])).Encrypted).toBe(true)
    await client.send(new StopDeliveryStreamEncryptionCommand({ DeliveryStreamName: name }))
    expect((await put(name, ['x'])).Encrypted).toBe(false)

    await client.send(
      new TagDeliveryStreamCommand({ DeliveryStreamName: name, Tags: [{ Key: 'a', Value: 'ä' }] }),
    )
    await client.send(new UntagDeliveryStreamCommand({ DeliveryStreamName: name, TagKeys: ['team', 'b'] }))
    const tags = (more: object) =>
      client.send(new ListTagsForDeliveryStreamCommand({ DeliveryStreamName: name, ...more }))
    expect(await tags({ Limit: 1 })).toMatchObject({ Tags: [{ Key: 'a', Value: 'ä' }], HasMoreTags: true })
    expect(await tags({ ExclusiveStartTagKey: 'a' })).toMatchObject({
      Tags: [{ Key: 'empty', Value: '' }],
      HasMoreTags: false,
    })
    const Tags = Array.from({ length: 49 }, (_, i) => ({ Key: `tag-${i}`, Value: '' }))
    await expect(
      client.send(new TagDeliveryStreamCommand({ DeliveryStreamName: name, Tags })),
    ).rejects.toMatchObject({ name: 'LimitExceededException' })

    await client.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: name }))
    await gone(name)
    expect((await kafka.admin.topics()).map((topic) => topic.name)).not.toContain(`delivery.${name}`)
  })

  test('are listed in pages, by their type', async () => {
    const prefix = uniqueName('list')
    const names = ['a', 'b', 'c'].map((letter) => `${prefix}-${letter}`)
    for (const DeliveryStreamName of names) await create({ DeliveryStreamName })
    const list = (more: object) =>
      client.send(
        new ListDeliveryStreamsCommand({ ExclusiveStartDeliveryStreamName: prefix, Limit: 2, ...more }),
      )
    expect(await list({})).toMatchObject({
      DeliveryStreamNames: names.slice(0, 2),
      HasMoreDeliveryStreams: true,
    })
    const second = { ExclusiveStartDeliveryStreamName: names[1], Limit: 1, DeliveryStreamType: 'DirectPut' }
    expect((await list(second)).DeliveryStreamNames).toEqual([names[2]])
    expect(await list({ DeliveryStreamType: 'MSKAsSource' })).toMatchObject({
      DeliveryStreamNames: [],
      HasMoreDeliveryStreams: false,
    })
  })

  test('have a topic of their own, which keeps records for two days', async () => {
    const topic = `delivery.${await create()}`
    expect((await kafka.admin.topics()).find(({ name }) => name === topic)).toMatchObject({ partitions: 6 })
    expect(await kafka.admin.topicConfigs(topic)).toMatchObject({
      'cleanup.policy': 'delete',
      'message.timestamp.type': 'LogAppendTime',
      'retention.ms': String(48 * 3_600_000),
    })
  })

  test('are not created twice, nor under a name that Kafka confuses with another one', async () => {
    const name = await create({ DeliveryStreamName: uniqueName('a.b') })
    await expect(create({ DeliveryStreamName: name })).rejects.toMatchObject({
      name: 'ResourceInUseException',
    })
    await expect(create({ DeliveryStreamName: name.replace('.', '_') })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringContaining(name),
    })
  })

  test('take no records once they are deleted, and begin anew under the same name', async () => {
    const name = await create()
    await put(name, ['before'])
    await client.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: name }))
    await expect(put(name, ['late'])).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Firehose ${name} under account 000000000000 not found.`,
    })
    await client.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: name })).catch((error) => {
      expect(error.name).toBe('ResourceNotFoundException')
    })
    await gone(name)
    await create({ DeliveryStreamName: name })
    expect((await put(name, ['after'])).FailedPutCount).toBe(0)
    expect((await stored(name)).map(({ text }) => text)).toEqual(['after'])
  })
})

describe('records', () => {
  test('are stored as they were put, in the order of their requests', async () => {
    const name = await create()
    const Data = Buffer.from('first')
    const { RecordId, Encrypted } = await client.send(
      new PutRecordCommand({ DeliveryStreamName: name, Record: { Data } }),
    )
    expect([RecordId, Encrypted]).toEqual([expect.stringMatching(/^[0-9a-f]{50}$/), false])
    const ids = new Set([RecordId])
    const expected = ['first']
    for (let request = 0; request < 4; request++) {
      const texts = Array.from({ length: 500 }, (_, i) => `${request}/${i}`)
      const { FailedPutCount, RequestResponses } = await put(name, texts)
      expect([FailedPutCount, RequestResponses!.length]).toEqual([0, 500])
      for (const answer of RequestResponses!) ids.add(answer.RecordId)
      expected.push(...texts)
    }
    expect(ids.size).toBe(2001)
    const records = await stored(name)
    expect(records.map(({ text }) => text)).toEqual(expected)
    // A slow delivery stream fills one partition.
    expect(new Set(records.map(({ partition }) => partition)).size).toBe(1)
    expect(records[0]).toMatchObject({
      key: null,
      headers: {
        'weir-id': expect.stringMatching(/^[0-9a-f-]{36}-0$/),
        'weir-source': 'test',
        traceparent: expect.any(String),
      },
    })
  })

  test('have the same ids when a client repeats its call', async () => {
    const name = await create()
    const invocation = '0191b7a2-0000-4000-8000-00000000abcd'
    const named = clientOf(hub)
    named.middlewareStack.addRelativeTo(
      (next: any) => (args: any) => {
        args.request.headers['amz-sdk-invocation-id'] = invocation
        return next(args)
      },
      { relation: 'after', toMiddleware: 'retryMiddleware' },
    )
    for (let attempt = 0; attempt < 2; attempt++) await put(name, ['a', 'b'], named)
    named.destroy()
    expect((await stored(name)).map(({ headers }) => headers['weir-id'])).toEqual(
      [0, 1, 0, 1].map((i) => `${invocation}-${i}`),
    )
  })

  test('may be as large as 1,000 KiB, and a request as large as 4 MiB', async () => {
    const name = await create()
    const batch = (sizes: readonly number[]) =>
      put(
        name,
        sizes.map((size) => 'x'.repeat(size)),
      )
    expect((await batch([1_024_000, 1_024_000, 1_024_000, 1_024_000, 98_304])).FailedPutCount).toBe(0)
    await expect(batch([1_024_000, 1_024_000, 1_024_000, 1_024_000, 98_305])).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'Records size exceeds 4 MB limit: the request has 4194305 bytes.',
    })
    for (const size of [0, 1_024_001])
      await expect(batch([size])).rejects.toMatchObject({ name: 'ValidationException' })
    await expect(batch(new Array(501).fill(1))).rejects.toMatchObject({ name: 'ValidationException' })
    expect((await stored(name)).map(({ text }) => text.length)).toEqual([
      1_024_000, 1_024_000, 1_024_000, 1_024_000, 98_304,
    ])
  })
})

describe('replicas', () => {
  test('serve what others have created, and finish what others have begun', async () => {
    const other = await startHub(backends)
    const second = clientOf(other)
    const name = await create()
    await expect.poll(() => statusOf(second, name)).toBe('ACTIVE')
    expect((await put(name, ['from the other'], second)).FailedPutCount).toBe(0)
    // Both put into the same partition, so that slow delivery streams have few objects.
    await put(name, ['from here'])
    expect(new Set((await stored(name)).map(({ partition }) => partition)).size).toBe(1)

    const names = Array.from({ length: 10 }, () => uniqueName('begun'))
    const created = names.map((DeliveryStreamName) =>
      second
        .send(
          new CreateDeliveryStreamCommand({
            DeliveryStreamName,
            ExtendedS3DestinationConfiguration: DESTINATION,
          }),
        )
        .then(
          () => DeliveryStreamName,
          () => undefined,
        ),
    )
    await Promise.race(created)
    await second.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: name }))
    other.kill('SIGKILL')
    await other.exited
    second.destroy()
    await gone(name)
    for (const begun of await Promise.all(created)) {
      if (begun === undefined) continue
      await expect.poll(() => statusOf(client, begun), { timeout: 30_000 }).toBe('ACTIVE')
      expect((await put(begun, ['x'])).FailedPutCount).toBe(0)
    }
  })
})
