import { expect, test } from 'vitest'
import { DEFAULT_SETTINGS } from '../mappings/settings.ts'
import { changedMapping, type NewMapping, newMapping } from './mapping-input.ts'
import { configurationOf } from './mapping-output.ts'

const ACCOUNT = { region: 'eu-west-1', accountId: '123456789012' }
const NOW = Date.parse('2026-03-01T12:00:00Z')
const STREAM: NewMapping = {
  EventSourceArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/orders',
  StartingPosition: 'LATEST',
}
const TOPIC: NewMapping = {
  SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: ['b:9092'] } },
  Topics: ['orders'],
}
const made = (input: NewMapping) => newMapping('id', { name: 'offers' }, input, ACCOUNT, NOW)

test('a stream or a topic alone makes a mapping with default settings', () => {
  expect(made(STREAM)).toMatchObject({
    id: 'id',
    functionName: 'offers',
    source: { kind: 'kinesis', stream: 'orders' },
    groupId: 'weir.mapping.id',
    enabled: true,
    start: 'LATEST',
    settings: DEFAULT_SETTINGS,
    decode: false,
  })
  expect(made(TOPIC)).toMatchObject({
    source: { kind: 'kafka', topic: 'orders' },
    start: 'TRIM_HORIZON',
    asked: { modifiedAt: NOW },
  })
})

test('every setting is stored and returned', () => {
  const said = {
    BatchSize: 7,
    MaximumBatchingWindowInSeconds: 3,
    ParallelizationFactor: 2,
    MaximumRetryAttempts: 4,
    MaximumRecordAgeInSeconds: 60,
    BisectBatchOnFunctionError: true,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    TumblingWindowInSeconds: 900,
    FilterCriteria: { Filters: [{ Pattern: '{"data":{"a":[1]}}' }] },
    DestinationConfig: { OnFailure: { Destination: 'kafka://dead' } },
    ScalingConfig: { MaximumConcurrency: 5 },
  }
  const at = new Date(NOW - 1000)
  const mapping = made({
    ...STREAM,
    ...said,
    StartingPosition: 'AT_TIMESTAMP',
    StartingPositionTimestamp: at,
    Enabled: false,
  })
  // As read from the control log.
  const kept = JSON.parse(JSON.stringify(mapping)) as typeof mapping
  expect(configurationOf(kept, 'Disabled', '', ACCOUNT)).toMatchObject({
    ...said,
    EventSourceArn: STREAM.EventSourceArn,
    StartingPosition: 'AT_TIMESTAMP',
    StartingPositionTimestamp: at,
    State: 'Disabled',
  })
  expect(configurationOf(changedMapping(kept, undefined, {}, NOW), 'Enabled', '', ACCOUNT)).toMatchObject(
    said,
  )
})

test('a change keeps other settings, and an empty value removes its setting', () => {
  const before = made({
    ...TOPIC,
    BatchSize: 7,
    FilterCriteria: { Filters: [{ Pattern: '{"key":["a"]}' }] },
    DestinationConfig: { OnFailure: { Destination: 'kafka://dead' } },
    MaximumRetryAttempts: 3,
    ScalingConfig: { MaximumConcurrency: 5 },
  })
  const after = changedMapping(
    before,
    { name: 'other' },
    {
      FilterCriteria: { Filters: [] },
      DestinationConfig: { OnFailure: { Destination: '' } },
      ScalingConfig: {},
      MaximumRetryAttempts: -1,
    },
    NOW + 1,
  )
  expect(after).toMatchObject({
    functionName: 'other',
    settings: { batchSize: 7, maxRetries: -1 },
    groupId: before.groupId,
    asked: { modifiedAt: NOW + 1, endpoints: { KAFKA_BOOTSTRAP_SERVERS: ['b:9092'] } },
  })
  expect([after.filters, after.onFailure, after.maxConcurrency]).toEqual([undefined, undefined, undefined])
})

test('unlimited retries are replaced by ten for Kafka with a destination', () => {
  const DestinationConfig = { OnFailure: { Destination: 'kafka://dead' } }
  expect(
    [{ ...TOPIC, DestinationConfig }, { ...STREAM, DestinationConfig }, TOPIC].map(
      (input) => made(input).settings.maxRetries,
    ),
  ).toEqual([10, -1, -1])
  expect(changedMapping(made(TOPIC), undefined, { DestinationConfig }, NOW).settings.maxRetries).toBe(10)
})

test.each<[Partial<NewMapping>, string]>([
  [{ StartingPositionTimestamp: new Date(NOW) }, 'AT_TIMESTAMP only'],
  [
    { StartingPosition: undefined },
    "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
  ],
  [
    { DestinationConfig: { OnSuccess: { Destination: 'kafka://x' } } },
    'Unsupported DestinationConfig parameter for given event source mapping type.',
  ],
  [{ DestinationConfig: { OnFailure: { Destination: 'kafka://weir.control.functions' } } }, 'internal topic'],
  [{ DestinationConfig: { OnFailure: { Destination: 'kafka://weir.invocations' } } }, 'internal topic'],
  [{ Tags: { 'weir:output': 'a b' } }, 'the name of a topic'],
  [{ Tags: { 'weir:once': '0' } }, 'minutes from 1 to 1440'],
  [{ Tags: { 'weir:once': '15m' } }, 'minutes from 1 to 1440'],
  [{ SelfManagedKafkaEventSourceConfig: {} }, 'SelfManagedEventSource only'],
  [{ MaximumRecordAgeInSeconds: 0 }, '60 to 604800'],
])('the setting %j is refused', (input, text) => {
  expect(() => made({ ...STREAM, ...input })).toThrow(text)
})

test("the answer depends on the kind of source, as Lambda's does", () => {
  const answered = (input: NewMapping, choice = { name: 'offers' }) =>
    configurationOf(
      newMapping('id', choice, input, ACCOUNT, NOW),
      'Creating',
      'No records processed',
      ACCOUNT,
    )
  const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:offers'
  expect(answered(STREAM)).toMatchObject({ StateTransitionReason: 'User action', FunctionArn: arn })
  expect(answered(TOPIC)).toMatchObject({
    StateTransitionReason: 'USER_INITIATED',
    SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: 'id' },
  })
  expect(
    answered({ ...TOPIC, SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: 'mine' } }),
  ).toMatchObject({ SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: 'mine' } })
  const latest = newMapping('id', { name: 'offers', qualifier: '$LATEST' }, STREAM, ACCOUNT, NOW)
  const arnOf = (mapping: typeof latest) =>
    (configurationOf(mapping, 'Enabled', 'OK', ACCOUNT) as { FunctionArn: string }).FunctionArn
  expect(
    [
      latest,
      changedMapping(latest, undefined, {}, NOW),
      changedMapping(latest, { name: 'offers' }, {}, NOW),
    ].map(arnOf),
  ).toEqual([`${arn}:$LATEST`, `${arn}:$LATEST`, arn])
})

test("Kafka's own settings are accepted, and unserved ones refused", () => {
  const config = (
    SelfManagedKafkaEventSourceConfig: NewMapping['SelfManagedKafkaEventSourceConfig'],
    topic = 'weir.stats',
  ) => made({ ...TOPIC, Topics: [topic], SelfManagedKafkaEventSourceConfig })
  expect(
    config({ ConsumerGroupId: 'mine', SchemaRegistryConfig: { EventRecordFormat: 'JSON' } }),
  ).toMatchObject({ groupId: 'mine', decode: true })
  expect(() => config({ SchemaRegistryConfig: { EventRecordFormat: 'SOURCE' } })).toThrow(
    'SOURCE is not served',
  )
  expect(() => config({ ConsumptionMode: 'Queue' })).toThrow('Queue is not served')
  const change = (ConsumerGroupId: string) =>
    changedMapping(made(TOPIC), undefined, { SelfManagedKafkaEventSourceConfig: { ConsumerGroupId } }, NOW)
  expect(change('id').groupId).toBe('weir.mapping.id')
  expect(() => change('another')).toThrow('cannot be changed')
  expect(() =>
    made({ ...TOPIC, DestinationConfig: { OnFailure: { Destination: 'kafka://orders' } } }),
  ).toThrow('own source')
  expect(() => config({ SchemaRegistryConfig: { EventRecordFormat: 'JSON' } }, 'orders')).toThrow(
    'orders is none',
  )
})
