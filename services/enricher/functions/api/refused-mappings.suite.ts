/** Event source mappings that the API refuses, and their rights. api.it.test.ts runs it on its service. */
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
} from '@aws-sdk/client-lambda'
import { uniqueName } from '@weir/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import { LIMITED, openApi, TOPIC_SOURCE } from '../testing/api.ts'

const { run, fixed, client, clientFor, deploy } = await openApi()

describe('a mapping', () => {
  const name = `never-${run}`
  beforeAll(async () => {
    await deploy(name, 'export const handler = async () => {}')
  })

  const streamSource = {
    EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/orders',
    StartingPosition: 'LATEST' as const,
  }
  test.each<
    [string, Omit<CreateEventSourceMappingCommandInput, 'FunctionName'>, text: string, code?: string]
  >([
    ['a missing source', {}, 'Unrecognized event source.'],
    ['two sources', { ...TOPIC_SOURCE, ...streamSource }, 'not both'],
    ['two topics', { ...TOPIC_SOURCE, Topics: ['one', 'two'] }, 'names 2'],
    [
      'a queue',
      { EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:orders' },
      'is not a supported event source',
    ],
    [
      'a stream of another region',
      { ...streamSource, EventSourceArn: 'arn:aws:kinesis:eu-west-1:000000000000:stream/orders' },
      'of another region',
    ],
    [
      'a missing starting position',
      { EventSourceArn: streamSource.EventSourceArn },
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    ],
    ['a stream that does not exist', streamSource, `Stream not found: ${streamSource.EventSourceArn}`],
    [
      'a destination for successes',
      {
        ...streamSource,
        DestinationConfig: { OnSuccess: { Destination: 'arn:aws:sqs:us-east-1:000000000000:q' } },
      },
      'Unsupported DestinationConfig parameter for given event source mapping type.',
    ],
    [
      'a stream as output',
      { ...TOPIC_SOURCE, Tags: { 'weir:output': 'stream.orders' } },
      'which only the Kinesis API writes',
    ],
    [
      'a stream as destination',
      { ...TOPIC_SOURCE, DestinationConfig: { OnFailure: { Destination: 'kafka://stream.orders' } } },
      'which only the Kinesis API writes',
    ],
    [
      'its source as destination',
      { ...TOPIC_SOURCE, DestinationConfig: { OnFailure: { Destination: 'kafka://orders' } } },
      'own source',
    ],
    [
      'a filter that is too complex',
      {
        ...TOPIC_SOURCE,
        FilterCriteria: { Filters: [{ Pattern: '{"value":[{"wildcard":"*:*:*:*:*:event-bus/*"}]}' }] },
      },
      'Rule is too complex',
    ],
    [
      'AT_TIMESTAMP without a time',
      { ...streamSource, StartingPosition: 'AT_TIMESTAMP' },
      'needs StartingPositionTimestamp',
    ],
    [
      'a time in the future',
      {
        ...streamSource,
        StartingPosition: 'AT_TIMESTAMP',
        StartingPositionTimestamp: new Date(Date.now() + 1e6),
      },
      'cannot be in the future',
    ],
    ['a record age below 60 s', { ...streamSource, MaximumRecordAgeInSeconds: 59 }, '60 to 604800'],
    [
      'a Lambda function as destination',
      {
        ...streamSource,
        DestinationConfig: { OnFailure: { Destination: 'arn:aws:lambda:us-east-1:000000000000:function:f' } },
      },
      'give kafka://TOPIC',
    ],
    [
      'an invalid filter pattern',
      { ...streamSource, FilterCriteria: { Filters: [{ Pattern: '{"data":1}' }] } },
      'Invalid filter pattern definition.',
    ],
    [
      'a registry without a contract',
      {
        ...TOPIC_SOURCE,
        SelfManagedKafkaEventSourceConfig: { SchemaRegistryConfig: { EventRecordFormat: 'JSON' } },
      },
      'with a contract',
    ],
    [
      'an internal topic as source',
      { ...TOPIC_SOURCE, Topics: ['weir.control.functions'] },
      'internal topic',
    ],
    [
      'an internal topic as output',
      { ...TOPIC_SOURCE, Tags: { 'weir:output': '__consumer_offsets' } },
      'internal topic',
    ],
    [
      'a tumbling window with an output',
      { ...TOPIC_SOURCE, TumblingWindowInSeconds: 60, Tags: { 'weir:output': 'out' } },
      'leave out the tag',
    ],
    [
      'a KMS key',
      { ...streamSource, KMSKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/k' },
      'KMSKeyArn is not served here',
    ],
    [
      'the group of another mapping',
      { ...TOPIC_SOURCE, SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: fixed.mapping } },
      'choose another one',
      'ResourceConflictException',
    ],
  ])('creation is refused with %s', async (_what, input, text, code = 'InvalidParameterValueException') => {
    await expect(
      client.send(new CreateEventSourceMappingCommand({ FunctionName: name, ...input })),
    ).rejects.toMatchObject({
      name: code,
      message: expect.stringContaining(text),
    })
  })

  test('creation is refused for a function that does not exist', async () => {
    const refused = (input: object) =>
      expect(client.send(new CreateEventSourceMappingCommand({ FunctionName: `none-${run}`, ...input })))
        .rejects
    await refused({ ...TOPIC_SOURCE }).toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'Function does not exist',
    })
    await refused({}).toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'Unrecognized event source.',
    })
  })

  test('creation is refused for an existing mapping', async () => {
    const input = {
      FunctionName: `${name}:$LATEST`,
      ...TOPIC_SOURCE,
      Topics: [uniqueName('twice')],
      Enabled: false,
    }
    const { UUID, FunctionArn } = await client.send(new CreateEventSourceMappingCommand(input))
    const arn = `arn:aws:lambda:us-east-1:000000000000:function:${name}`
    expect(FunctionArn).toBe(`${arn}:$LATEST`)
    await expect(client.send(new CreateEventSourceMappingCommand(input))).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message:
        `An event source mapping with event source ("b:9092"), function ("${arn}"), topics ("${input.Topics[0]}") already exists. ` +
        `Please update or delete the existing mapping with UUID ${UUID}`,
    })
    await client.send(new DeleteEventSourceMappingCommand({ UUID }))
  })

  test('a client needs rights to the function of a mapping', async () => {
    const { UUID } = await client.send(
      new CreateEventSourceMappingCommand({
        FunctionName: name,
        ...TOPIC_SOURCE,
        Topics: [uniqueName('rights')],
        Enabled: false,
      }),
    )
    await expect(clientFor(LIMITED).send(new GetEventSourceMappingCommand({ UUID }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    await expect(
      clientFor(LIMITED).send(
        new CreateEventSourceMappingCommand({ FunctionName: fixed.name, ...TOPIC_SOURCE }),
      ),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' })
    await client.send(new DeleteEventSourceMappingCommand({ UUID }))
  })
})
