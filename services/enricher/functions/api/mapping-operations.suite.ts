/** Event source mappings over streams and topics of a real broker. api.it.test.ts runs it on its service. */
import { randomUUID } from 'node:crypto'
import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda'
import { NO_HEADERS, partitionFor, valueOf } from '@weir/kafka'
import { newStream } from '@weir/streams'
import { uniqueName } from '@weir/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import { openApi, ROLE, TOPIC_SOURCE } from '../testing/api.ts'

const { kafka, producer, streams, run, fixed, client, deploy, records } = await openApi()

async function produce(topic: string, values: readonly string[]): Promise<void> {
  const partitions = await kafka.partitions(topic)
  const delivery = producer.delivery()
  for (const [i, text] of values.entries()) {
    const [key, value] = [Buffer.from(`k${i}`), Buffer.from(text)]
    delivery.append(
      topic,
      partitionFor(key, 0, key.length, partitions),
      key,
      0,
      key.length,
      value,
      0,
      value.length,
      NO_HEADERS,
      0,
      NO_HEADERS.length,
    )
  }
  expect(await delivery.settled()).toEqual([])
}

async function valuesOf(topic: string): Promise<string[]> {
  const values: string[] = []
  for (let partition = 0; partition < (await kafka.partitions(topic)); partition++) {
    const end = await kafka.offsetAt(topic, partition, 'latest')
    for (let at = await kafka.offsetAt(topic, partition, 'earliest'); at < end; ) {
      const batch = await kafka.fetch(topic, partition, at, 1 << 20)
      for (let i = 0; i < batch.length; i++) values.push(valueOf(batch, i)?.toString() ?? '')
      at = batch.nextOffset
    }
  }
  return values.sort()
}

async function topic(partitions = 2): Promise<string> {
  const name = uniqueName('orders')
  await kafka.admin.createTopics([
    { name, partitions, replicas: 1, configs: { 'message.timestamp.type': 'LogAppendTime' } },
  ])
  return name
}

const enabled = (UUID: string): Promise<void> =>
  expect
    .poll(async () => (await client.send(new GetEventSourceMappingCommand({ UUID }))).State, {
      timeout: 30_000,
      interval: 50,
    })
    .toBe('Enabled')

/** A handler that returns the batch's records for the output, and throws if one contains "poison". */
const ECHO = `export const handler = async (event) => {
  const records = event.Records
    ? event.Records.map((r) => ({ value: Buffer.from(r.kinesis.data, 'base64').toString() }))
    : Object.values(event.records).flat().map((r) => ({ value: Buffer.from(r.value, 'base64').toString() }))
  for (const { value } of records) if (value.includes('poison')) throw new Error(value)
  console.log('batch of ' + records.length)
  return { records }
}`

describe('mappings', () => {
  const name = `echo-${run}`
  beforeAll(async () => {
    await deploy(name, ECHO)
  })

  test('a mapping of a topic delivers the records that pass its filter, and reports those that fail', async () => {
    const [source, output, failures] = await Promise.all([topic(), topic(1), topic(1)])
    await produce(source, ['{"n":1}', '{"n":2}'])
    const created = await client.send(
      new CreateEventSourceMappingCommand({
        FunctionName: name,
        SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: ['localhost:9092'] } },
        Topics: [source],
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 10,
        FilterCriteria: {
          Filters: [
            { Pattern: '{"value":{"n":[{"numeric":[">",1]}]}}' },
            { Pattern: '{"value":{"poison":[true]}}' },
          ],
        },
        DestinationConfig: { OnFailure: { Destination: `kafka://${failures}` } },
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 0,
        ScalingConfig: { MaximumConcurrency: 2 },
        Tags: { 'weir:output': output },
      }),
    )
    expect(created).toMatchObject({
      State: 'Creating',
      StateTransitionReason: 'USER_INITIATED',
      Topics: [source],
      BatchSize: 10,
      MaximumRetryAttempts: 0,
      BisectBatchOnFunctionError: true,
      StartingPosition: 'TRIM_HORIZON',
      FunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
      DestinationConfig: { OnFailure: { Destination: `kafka://${failures}` } },
      LastModified: expect.any(Date),
      EventSourceMappingArn: `arn:aws:lambda:us-east-1:000000000000:event-source-mapping:${created.UUID}`,
      ScalingConfig: { MaximumConcurrency: 2 },
      SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: ['localhost:9092'] } },
      SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: created.UUID },
      FunctionResponseTypes: [],
      MaximumRecordAgeInSeconds: -1,
      MaximumBatchingWindowInSeconds: 0,
      ParallelizationFactor: 1,
      TumblingWindowInSeconds: 0,
    })
    const UUID = created.UUID!
    await enabled(UUID)
    await produce(source, ['{"n":0}', '{"n":3}', '{"poison":true}', '{"n":4}'])
    await expect.poll(() => valuesOf(output), { timeout: 20_000 }).toEqual(['{"n":2}', '{"n":3}', '{"n":4}'])
    await expect.poll(() => valuesOf(failures), { timeout: 20_000 }).toHaveLength(1)
    expect(JSON.parse((await valuesOf(failures))[0])).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted' },
      KafkaBatchInfo: { batchSize: 1 },
    })
    await expect
      .poll(async () => (await client.send(new GetEventSourceMappingCommand({ UUID }))).LastProcessingResult)
      .toMatch(/^(OK|PROBLEM: Function call failed)$/)

    const disabled = await client.send(
      new UpdateEventSourceMappingCommand({
        UUID,
        Enabled: false,
        FilterCriteria: { Filters: [] },
        BatchSize: 5,
      }),
    )
    expect(disabled).toMatchObject({ State: 'Disabled', BatchSize: 5, BisectBatchOnFunctionError: true })
    expect(disabled.FilterCriteria).toBeUndefined()
    await produce(source, ['{"n":-1}'])
    await client.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }))
    await expect
      .poll(() => valuesOf(output), { timeout: 30_000 })
      .toEqual(['{"n":-1}', '{"n":2}', '{"n":3}', '{"n":4}'])

    expect(
      (
        await client.send(new ListEventSourceMappingsCommand({ FunctionName: name }))
      ).EventSourceMappings!.map((mapping) => mapping.UUID),
    ).toContain(UUID)
    expect(await client.send(new DeleteEventSourceMappingCommand({ UUID }))).toMatchObject({
      UUID,
      State: 'Deleting',
    })
    await expect(client.send(new GetEventSourceMappingCommand({ UUID }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
    await expect(client.send(new DeleteEventSourceMappingCommand({ UUID }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
  })

  test('a batch with too large a response for the output is given up and reported', async () => {
    // A new name each time: the test may be retried.
    const large = `large-${randomUUID()}`
    await deploy(
      large,
      ECHO.replace(
        'return { records }',
        "return { records: records.map((r) => (r.value === 'large' ? { value: 'x'.repeat(3e6) } : r)) }",
      ),
    )
    const [source, output, failures] = await Promise.all([topic(1), topic(1), topic(1)])
    await produce(source, ['one', 'large', 'two'])
    const { UUID } = await client.send(
      new CreateEventSourceMappingCommand({
        FunctionName: large,
        ...TOPIC_SOURCE,
        Topics: [source],
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 1,
        MaximumRetryAttempts: 1,
        DestinationConfig: { OnFailure: { Destination: `kafka://${failures}` } },
        Tags: { 'weir:output': output },
      }),
    )
    await expect.poll(() => valuesOf(output), { timeout: 30_000 }).toEqual(['one', 'two'])
    expect((await valuesOf(failures)).map((text) => JSON.parse(text))).toMatchObject([
      {
        requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 },
        responseContext: { functionError: 'Unhandled' },
      },
    ])
    await produce(source, ['large'])
    await expect.poll(() => valuesOf(failures), { timeout: 20_000 }).toHaveLength(2)
    await client.send(new DeleteEventSourceMappingCommand({ UUID }))
  })

  test('the open windows of a mapping are removed together with it', async () => {
    const [source, counting] = [await topic(), `counting-${randomUUID()}`]
    await deploy(counting, 'export const handler = async () => ({ state: {} })')
    const { UUID } = await client.send(
      new CreateEventSourceMappingCommand({
        FunctionName: counting,
        ...TOPIC_SOURCE,
        Topics: [source],
        StartingPosition: 'TRIM_HORIZON',
        TumblingWindowInSeconds: 900,
      }),
    )
    await enabled(UUID!)
    await produce(source, ['a', 'b', 'c', 'd'])
    const newest = async (): Promise<Map<string, boolean>> => {
      const own = (await records('weir.functions.windows')).filter(({ key }) => key.startsWith(`${UUID}/`))
      return new Map(own.map(({ key, value }) => [key, value !== null]))
    }
    const open = async () => [...(await newest())].flatMap(([key, isOpen]) => (isOpen ? [key] : []))
    await expect.poll(open, { timeout: 30_000 }).toHaveLength(2)
    await client.send(new DeleteEventSourceMappingCommand({ UUID }))
    await expect.poll(open, { timeout: 30_000 }).toEqual([])
    expect((await newest()).size).toBe(2)
  })

  test('a mapping of a stream delivers its records', async () => {
    const [stream, output] = [uniqueName('stream'), await topic(1)]
    await streams.change(stream, () =>
      newStream(
        { name: stream, mode: 'PROVISIONED', shards: 2, maxRecordKiB: 1024, tags: {}, external: false },
        Date.now(),
      ),
    )
    await expect.poll(() => streams.get(stream)?.stream.status, { timeout: 20_000 }).toBe('ACTIVE')
    const EventSourceArn = `arn:aws:kinesis:us-east-1:000000000000:stream/${stream}`
    const named = `identity-${randomUUID()}`
    await deploy(
      named,
      `export const handler = async ({ Records }) => ({
        records: Records.map(({ kinesis, invokeIdentityArn }) => ({
          value: Buffer.from(kinesis.data, 'base64') + ' as ' + invokeIdentityArn,
        })),
      })`,
    )
    const { UUID, EventSourceArn: answered } = await client.send(
      new CreateEventSourceMappingCommand({
        FunctionName: named,
        EventSourceArn,
        StartingPosition: 'LATEST',
        ParallelizationFactor: 2,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        MaximumBatchingWindowInSeconds: 1,
        Tags: { 'weir:output': output },
      }),
    )
    expect(answered).toBe(EventSourceArn)
    await enabled(UUID!)
    const values = Array.from({ length: 20 }, (_, i) => `record ${i}`)
    await produce(streams.get(stream)!.stream.topic, values)
    const asRole = values.map((value) => `${value} as ${ROLE}`).sort()
    await expect.poll(() => valuesOf(output), { timeout: 20_000 }).toEqual(asRole)
    const { EventSourceMappings } = await client.send(new ListEventSourceMappingsCommand({ EventSourceArn }))
    expect(EventSourceMappings).toMatchObject([
      {
        UUID,
        State: 'Enabled',
        LastProcessingResult: 'OK',
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        MaximumBatchingWindowInSeconds: 1,
      },
    ])
    await expect(
      client.send(
        new CreateEventSourceMappingCommand({
          FunctionName: named,
          EventSourceArn,
          StartingPosition: 'LATEST',
        }),
      ),
    ).rejects.toMatchObject({ name: 'ResourceConflictException', message: expect.stringContaining(UUID!) })
    await streams.change(stream, (found) => ({ ...found!, status: 'DELETING' }))
    await expect
      .poll(
        async () => {
          const { State, LastProcessingResult } = await client.send(
            new GetEventSourceMappingCommand({ UUID }),
          )
          return [State, LastProcessingResult]
        },
        { timeout: 20_000 },
      )
      .toEqual(['Enabled', 'PROBLEM: Stream not found'])
    await client.send(new DeleteEventSourceMappingCommand({ UUID }))
  })

  test('a mapping of a solution is listed, and cannot be changed or deleted', async () => {
    const { EventSourceMappings } = await client.send(
      new ListEventSourceMappingsCommand({ FunctionName: fixed.name }),
    )
    expect(EventSourceMappings).toMatchObject([
      { UUID: fixed.mapping, State: 'Disabled', Topics: [fixed.topic] },
    ])
    await expect(
      client.send(new UpdateEventSourceMappingCommand({ UUID: fixed.mapping, Enabled: true })),
    ).rejects.toMatchObject({ name: 'ResourceInUseException' })
    await expect(
      client.send(new DeleteEventSourceMappingCommand({ UUID: fixed.mapping })),
    ).rejects.toMatchObject({ name: 'ResourceInUseException' })
  })

  test('a mapping of Kafka with a destination has ten retries by default, and keeps its consumer group', async () => {
    const created = await client.send(
      new CreateEventSourceMappingCommand({
        FunctionName: name,
        ...TOPIC_SOURCE,
        Topics: ['weir.stats'],
        Enabled: false,
        DestinationConfig: { OnFailure: { Destination: `kafka://${await topic(1)}` } },
        SelfManagedKafkaEventSourceConfig: {
          ConsumerGroupId: `group-${run}`,
          SchemaRegistryConfig: { EventRecordFormat: 'JSON', SchemaRegistryURI: 'http://localhost:8181' },
        },
      }),
    )
    expect(created).toMatchObject({
      MaximumRetryAttempts: 10,
      SelfManagedKafkaEventSourceConfig: {
        ConsumerGroupId: `group-${run}`,
        SchemaRegistryConfig: { EventRecordFormat: 'JSON' },
      },
    })
    await expect(
      client.send(
        new UpdateEventSourceMappingCommand({
          UUID: created.UUID,
          SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: 'other' },
        }),
      ),
    ).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringContaining('cannot be changed'),
    })
    await client.send(new DeleteEventSourceMappingCommand({ UUID: created.UUID }))
  })
})
