/**
 * The whole system with only the rights of contracts/rights.ts, on three brokers, one of which dies; and the
 * operations that each service is refused.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand as GetChangesCommand,
  GetShardIteratorCommand as GetChangesIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams'
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis'
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { may, PRINCIPALS, rightsOf } from '@weir/contracts/rights.ts'
import { type Kafka, writeRecord } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { areas } from '@weir/solutions/location-offers/areas.ts'
import { startReceiver } from '@weir/testkit/http-receiver.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Guarded } from './guarded.ts'
import { writeVehicles } from './vehicles.ts'

let system: Guarded
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-rights-'))
  system = await Guarded.start({ EGRESS_ALLOW: '127.0.0.0/8' })
})
afterAll(async () => {
  await system?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('topics have three replicas, two of which must store a record before it is acknowledged', async () => {
  const { value: kafka, stop } = await system.kafka('apply')
  const found = (await kafka.admin.topics()).filter(
    ({ name }) => name in topics || name === 'kafkasql-journal',
  )
  expect(found.map(({ replicas }) => replicas)).toEqual(Array(Object.keys(topics).length + 1).fill(3))
  for (const { name } of found)
    expect((await kafka.admin.topicConfigs(name))['min.insync.replicas'], name).toBe('2')
  await stop()
})

test('the rights suffice for telemetry, which arrives exactly once while a broker is killed and restarted', async () => {
  const file = join(folder, 'vehicles.csv.gz')
  const rows = await writeVehicles(file, 40, 120)
  const run = randomUUID().slice(0, 8)
  const replay = system.weir('apply', 'replay', file, '--run', run, '--speed', '8x')
  await pause(3000)
  await system.brokers.nodes.kill(0)
  await pause(4000)
  const back = system.brokers.nodes.restart(0)
  const { code, output } = await replay
  expect(code, output).toBe(0)
  expect(await system.indexed(`replay-${run}`, rows)).toBe(rows)
  await back
})

test('the rights suffice for streams, a function and its application', async () => {
  const kinesis = new KinesisClient({
    endpoint: system.urls['ingest-hub'],
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
  const StreamName = `rights-${randomUUID().slice(0, 8)}`
  const active = async (): Promise<number | undefined> => {
    const { StreamDescriptionSummary: summary } = await kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName }),
    )
    return summary!.StreamStatus === 'ACTIVE' ? summary!.OpenShardCount : undefined
  }
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
  await expect.poll(active, { timeout: 20_000 }).toBe(1)
  await kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: 'key', Data: Buffer.from('value') }))
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  )
  expect((await kinesis.send(new GetRecordsCommand({ ShardIterator }))).Records).toHaveLength(1)
  await kinesis.send(
    new UpdateShardCountCommand({ StreamName, TargetShardCount: 2, ScalingType: 'UNIFORM_SCALING' }),
  )
  await expect.poll(active, { timeout: 30_000 }).toBe(2)
  await kinesis.send(new DeleteStreamCommand({ StreamName }))
  await expect
    .poll(() => active().catch((error: Error) => error.name), { timeout: 20_000 })
    .toBe('ResourceNotFoundException')

  const put = (path: string, body: object, method = 'PUT') =>
    fetch(`${system.urls.enricher}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  expect((await put('/v1/reference/areas/berlin', areas.berlin)).status).toBe(204)
  await expect
    .poll(
      async () => {
        const response = await put(
          '/v1/signups?wait=5s',
          { userId: 'ada', position: { lat: 52.5, lon: 13.4 } },
          'POST',
        )
        return response.status === 200
          ? ((await response.json()) as { area: string | null }).area
          : response.status
      },
      { timeout: 40_000 },
    )
    .toBe('berlin')
})

test('the rights suffice for notifications: confirmed, delivered, retried, and written to a topic', async () => {
  const admin = await system.kafka('admin')
  const name = 'notification.rights'
  await admin.value.admin.createTopics([{ name, partitions: 1, replicas: 3, configs: {} }])
  const sns = new SNSClient({
    endpoint: system.urls.alerter,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
  let refusals = 1
  const receiver = await startReceiver(({ headers }) =>
    headers['x-amz-sns-message-type'] === 'Notification' && refusals-- > 0 ? 503 : 200,
  )
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'rights' }))
  const Attributes = {
    DeliveryPolicy: JSON.stringify({
      healthyRetryPolicy: { numRetries: 3, minDelayTarget: 1, maxDelayTarget: 1 },
    }),
  }
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint: receiver.url, Attributes }))
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'kafka', Endpoint: `kafka://${name}` }))
  await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(1)
  await fetch(JSON.parse(receiver.received[0].body).SubscribeURL)
  const { MessageId } = await sns.send(new PublishCommand({ TopicArn, Message: 'with rights' }))
  await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(3)
  expect(JSON.parse(receiver.received[2].body)).toMatchObject({ MessageId, Message: 'with rights' })
  await expect
    .poll(async () => (await admin.value.admin.offsets(name))[0].latest, { timeout: 20_000 })
    .toBe(1)
  await receiver.stop()
  await admin.stop()
})

test('the rights suffice for tables: items are written and read, and their changes', async () => {
  const client = {
    endpoint: system.urls.pricing,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  }
  const dynamo = new DynamoDBClient(client)
  const TableName = 'rights'
  const { TableDescription } = await dynamo.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    }),
  )
  const Item = { id: { S: 'x' }, n: { N: '1' } }
  await dynamo.send(new PutItemCommand({ TableName, Item }))
  const Key = { id: Item.id }
  expect((await dynamo.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))).Item).toEqual(Item)
  const streams = new DynamoDBStreamsClient(client)
  const StreamArn = TableDescription!.LatestStreamArn
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }))
  const pages = await Promise.all(
    StreamDescription!.Shards!.map(async ({ ShardId }) => {
      const { ShardIterator } = await streams.send(
        new GetChangesIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
      )
      return streams.send(new GetChangesCommand({ ShardIterator }))
    }),
  )
  expect(pages.flatMap(({ Records }) => Records!.map(({ dynamodb }) => dynamodb!.NewImage))).toEqual([Item])
})

test('the services export their lag under the names of MSK', async () => {
  const lag = async (
    service: 'enricher' | 'indexer',
    name: string,
    group: string,
    topic: string,
  ): Promise<string | undefined> => {
    const text = await (await fetch(`${system.urls[service]}/metrics`)).text()
    return new RegExp(
      `^kafka_consumer_group_ConsumerLagMetrics_Value\\{name="${name}",groupId="${group}",topic="${topic}"\\} (.*)$`,
      'm',
    ).exec(text)?.[1]
  }
  for (const name of ['SumOffsetLag', 'MaxOffsetLag', 'EstimatedMaxTimeLag']) {
    await expect
      .poll(() => lag('enricher', name, 'enricher.taxi', 'taxi.telemetry'), { timeout: 20_000 })
      .toBe('0')
    await expect
      .poll(() => lag('indexer', name, 'indexer.taxi', 'taxi.enriched'), { timeout: 20_000 })
      .toBe('0')
  }
  await expect
    .poll(() => lag('enricher', 'SumOffsetLag', 'weir.mapping.signups-offers', 'stream.signups'), {
      timeout: 20_000,
    })
    .toBe('0')
})

test('the rights suffice for the console, which shows topics, groups and a dead letter, and sends it back', async () => {
  const { console: at, 'ingest-hub': hub } = system.urls
  const json = { method: 'POST', headers: { 'content-type': 'application/json' } }
  const value = {
    deviceId: 'lost',
    position: { lat: 140, lon: 0 },
    speed: 1,
    occupied: true,
    eventTime: Date.now(),
  }
  const records = JSON.stringify({ records: [{ value }] })
  expect((await fetch(`${hub}/v1/topics/taxi.telemetry/records`, { ...json, body: records })).status).toBe(
    200,
  )
  const dataOf = async () => ((await (await fetch(`${at}/snapshot`)).json()) as any).data
  const look = (seen: (data: any) => unknown) =>
    expect.poll(async () => seen(await dataOf()), { timeout: 30_000, interval: 300 })
  await look(
    ({ topics }) => topics.value?.topics.find(({ name }: any) => name === 'taxi.telemetry.late')?.partitions,
  ).toBe(3)
  await look(({ topics }) => topics.value?.groups.map(({ group }: any) => group)).toEqual(
    expect.arrayContaining(['enricher.taxi', 'indexer.taxi', 'weir.mapping.signups-offers']),
  )
  const cause = {
    topic: 'taxi.telemetry.dead',
    flow: 'enricher.taxi',
    step: 'refuse-impossible',
    code: 'invalid',
  }
  await look(({ letters }) => letters.value?.counts).toContainEqual(expect.objectContaining(cause))
  const answer = await fetch(`${at}/dead-letters?${new URLSearchParams(cause)}`)
  expect(((await answer.json()) as any).letters[0].value).toContain('"deviceId": "lost"')
  const back = await fetch(`${at}/dead-letters/redrive`, { ...json, body: JSON.stringify(cause) })
  expect(back.status).toBe(202)
  await look(({ redrives }) => redrives[0]).toMatchObject({ state: 'done', sent: 1 })
})

test('no operation of a service was refused', async () => {
  expect(await system.refusals()).toEqual([])
})

test.for(PRINCIPALS)('%s is refused every operation beyond its rights', async (principal) => {
  const rights = rightsOf(principal, topics)
  const { value: kafka, stop } = await system.kafka(principal)
  try {
    for (const name of Object.keys(topics)) {
      for (const operation of ['Read', 'Write'] as const) {
        if (may(rights, operation, 'topic', name)) continue
        await expect(
          operation === 'Read' ? kafka.fetch(name, 0, 0, 1 << 20) : write(kafka, name),
          `${principal} ${operation} ${name}`,
        ).rejects.toMatchObject({ code: 'not-authorized' })
      }
      await expect(kafka.admin.deleteTopics([name]), `${principal} deletes ${name}`).rejects.toMatchObject({
        code: 'not-authorized',
      })
      if (principal !== 'apply')
        await expect(kafka.admin.alterTopicConfigs(name, { 'retention.ms': '1' })).rejects.toMatchObject({
          code: 'not-authorized',
        })
    }
    for (const groupId of [
      'enricher.taxi',
      'indexer.taxi',
      'weir.mapping.signups-offers',
      'somebody-elses',
    ]) {
      if (may(rights, 'Read', 'group', groupId)) continue
      await expect(
        kafka.admin.setOffsets(groupId, 'taxi.telemetry', [{ partition: 0, offset: 0 }]),
        `${principal} ${groupId}`,
      ).rejects.toMatchObject({ code: 'not-authorized' })
    }
    for (const id of [
      'weir.control.streams.writer',
      'weir.control.functions.writer',
      'enricher.taxi/taxi.telemetry/0',
      'somebody-elses',
    ]) {
      if (may(rights, 'Write', 'transactional-id', id)) continue
      await expect(
        kafka.transact(id, () => {}),
        `${principal} ${id}`,
      ).rejects.toMatchObject({ code: 'not-authorized' })
    }
    await expect(
      kafka.admin.createTopics([{ name: 'of-nobody', partitions: 1, replicas: 3, configs: {} }]),
    ).rejects.toMatchObject({ code: 'not-authorized' })
    await expect(
      kafka.admin.addAcls([
        {
          principal: `User:${principal}`,
          resource: 'topic',
          name: '*',
          pattern: 'literal',
          operation: 'All',
        },
      ]),
    ).rejects.toMatchObject({ code: 'not-authorized' })
  } finally {
    await stop()
  }
})

async function write(kafka: Kafka, topic: string): Promise<void> {
  const producer = await kafka.producer()
  try {
    await writeRecord(producer, { topic, partition: 0, key: null, value: Buffer.from('x') })
  } finally {
    await producer.stop(0)
  }
}

test('a second `weir acl apply` adds nothing, and lists and keeps the rights of others', async () => {
  const { value: kafka, stop } = await system.kafka('admin')
  await kafka.admin.addAcls([
    {
      principal: 'User:indexer',
      resource: 'topic',
      name: 'of-its-own',
      pattern: 'literal',
      operation: 'Read',
    },
  ])
  const { code, output } = await system.weir('admin', 'acl', 'apply', '--json')
  expect(code, output).toBe(0)
  expect(JSON.parse(output)).toEqual({
    added: [],
    others: [
      {
        principal: 'User:indexer',
        resource: 'topic',
        name: 'of-its-own',
        pattern: 'literal',
        operation: 'Read',
      },
    ],
  })
  expect(await kafka.admin.acls('User:indexer')).toContainEqual(
    expect.objectContaining({ name: 'of-its-own' }),
  )
  await stop()
})
