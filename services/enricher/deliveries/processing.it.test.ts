/** Records of delivery streams go through real functions, in processes that are killed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { aggregate } from '@weir/aws/testing/aggregate.ts'
import {
  type DeliveryStream,
  type DeliveryStreams,
  deliveredTopic,
  NO_PROCESSING,
  openDeliveryStreams,
  type Processing,
  type ProcessingFailure,
  type S3Destination,
} from '@weir/deliveries'
import { deliveryStream } from '@weir/deliveries/testing/delivery-stream.ts'
import { appendRecord, decodeHeaders, type Producer, valueOf, writeRecords } from '@weir/kafka'
import { logger, type Resource } from '@weir/service'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Backends, openBackends } from '../functions/testing/backends.ts'
import { functionOf, startHost } from '../functions/testing/hosting.ts'
import { testStream } from '../functions/testing/streams.ts'

const soon = { timeout: 60_000, interval: 200 }
const LOG_APPEND_TIME = { 'message.timestamp.type': 'LogAppendTime' }

let backends: Backends
let streams: Resource<DeliveryStreams>
let producer: Producer

beforeAll(async () => {
  backends = await openBackends()
  streams = await openDeliveryStreams({ ...backends, log: logger('test') })
  producer = await backends.kafka.producer()
}, 120_000)
afterAll(async () => {
  await producer?.stop()
  await streams?.stop(1000)
  await backends?.stop()
})

type Lambda = NonNullable<Processing['lambda']>
const lambdaOf = (name: string, changes: Partial<Lambda> = {}): Lambda => ({
  arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
  roleArn: null,
  retries: 1,
  sizeMiB: 1,
  intervalSeconds: 0,
  ...changes,
})

/** Creates a delivery stream with the topics that it needs. */
async function create(
  processing: Partial<Processing>,
  from: Partial<DeliveryStream> = {},
  changes: Partial<S3Destination> = {},
): Promise<DeliveryStream> {
  const plain = deliveryStream(uniqueName('processed'))
  const destination = { ...plain.destination, processing: { ...NO_PROCESSING, ...processing }, ...changes }
  const stream = { ...plain, ...from, destination }
  const { admin } = backends.kafka
  const spec = { partitions: 2, replicas: 1, configs: LOG_APPEND_TIME }
  if (stream.type === 'DirectPut') await admin.createTopics([{ ...spec, name: stream.topic }])
  const configs = { ...LOG_APPEND_TIME, 'max.message.bytes': String(12 << 20) }
  await admin.createTopics([{ ...spec, configs, name: deliveredTopic(stream) }])
  await streams.value.create(stream, () => {})
  onTestFinished(() => streams.value.change(stream.name, () => undefined))
  return stream
}

async function host(definitions: Parameters<typeof startHost>[0]['definitions']) {
  const started = await startHost({ ...backends.backends, definitions, mappings: [], deliveries: true })
  onTestFinished(async () => void (await started.stop()))
  return started
}

const put = ({ topic }: DeliveryStream, partition: number, values: readonly (string | Buffer)[]) =>
  writeRecords(producer, (out) => {
    for (const value of values)
      appendRecord(out, { topic, partition, key: null, value: Buffer.from(value as string) })
  })

interface Processed {
  readonly partition: number
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
  readonly failure: ProcessingFailure | undefined
}

async function processed(stream: DeliveryStream): Promise<Processed[]> {
  const found: Processed[] = []
  const reading = await backends.kafka.read(
    { topics: [deliveredTopic(stream)], from: 'earliest', until: 'end' },
    (batch) => {
      for (let i = 0; i < batch.length; i++) {
        const headers = decodeHeaders(batch.bytes, batch.headersStart[i])
        const failure = headers['weir-failure'] && JSON.parse(headers['weir-failure'])
        found.push({ partition: batch.partition, text: String(valueOf(batch, i)), headers, failure })
      }
    },
  )
  await reading.done
  return found
}

async function untilThereAre(count: number, stream: DeliveryStream): Promise<Processed[]> {
  await expect.poll(async () => (await processed(stream)).length, soon).toBe(count)
  return processed(stream)
}

/** Answers as each record's text asks it to. */
const OBEDIENT = `
export const handler = async (event) => ({
  records: event.records.flatMap(({ recordId, data }) => {
    const text = Buffer.from(data, 'base64').toString()
    const of = (result, value) => ({ recordId, result, data: value })
    const ok = of('Ok', Buffer.from(text.toUpperCase()).toString('base64'))
    if (text === 'drop') return [of('Dropped')]
    if (text === 'fail') return [of('ProcessingFailed', data)]
    if (text === 'missing') return []
    if (text === 'doubled') return [ok, ok]
    if (text === 'unknown') return [{ ...ok, recordId: 'other' }]
    if (text === 'base64') return [of('Ok', 'a!b=')]
    if (text === 'no data') return [of('Ok')]
    if (text === 'result') return [of('Fine', data)]
    if (text === 'null') return [null]
    if (text === 'keys') return [{ ...ok, metadata: { partitionKeys: { year: 2026, who: 'a' } } }]
    if (text === 'bad keys') return [{ ...ok, metadata: { partitionKeys: { year: {} } } }]
    return [ok]
  }),
})`

test('each record is what the function says, in order; what it gets wrong is kept with the reason', async () => {
  const name = uniqueName('obedient')
  await host([functionOf(name, OBEDIENT)])
  const stream = await create({ lambda: lambdaOf(name) })
  const wrong = ['fail', 'missing', 'doubled', 'unknown', 'base64', 'no data', 'result', 'null', 'bad keys']
  const before = Date.now()
  await put(stream, 1, ['first', 'drop', 'keys', ...wrong, 'last'])
  const found = await untilThereAre(wrong.length + 3, stream)
  expect(found.map(({ text }) => text)).toEqual(['FIRST', 'KEYS', ...wrong, 'LAST'])
  expect(found[0].partition).toBe(1)
  expect(Number(found[0].headers['weir-arrived-at'])).toBeGreaterThan(before - 10_000)
  expect(found[1].headers).not.toHaveProperty('weir-partition-keys')
  expect(found.map(({ failure }) => failure?.errorCode)).toEqual([
    undefined,
    undefined,
    'Lambda.ProcessingFailedStatus',
    'Lambda.MissingRecordId',
    'Lambda.DuplicatedRecordId',
    'Lambda.MissingRecordId',
    ...Array(3).fill('Lambda.FunctionError'),
    'Lambda.MissingRecordId',
    'Lambda.FunctionError',
    undefined,
  ])
  expect(found[2].failure).toEqual({
    outputType: 'processing-failed',
    attemptsMade: 1,
    arrivalTimestamp: Number(found[2].headers['weir-arrived-at']),
    attemptEndingTimestamp: expect.any(Number),
    errorCode: 'Lambda.ProcessingFailedStatus',
    errorMessage: 'ProcessingFailed status set for record',
    lambdaArn: lambdaOf(name).arn,
  })
}, 120_000)

test.each([
  ['throws', `() => { throw new Error('no') }`, 'Lambda.FunctionError', 2],
  ['hangs', `() => new Promise((r) => setTimeout(r, 60_000))`, 'Lambda.FunctionTimedOut', 2],
  ['ends its process', `() => process.exit(1)`, 'Lambda.FunctionError', 2],
  ['answers too much', `() => ({ records: ['x'.repeat(7_000_000)] })`, 'Lambda.FunctionError', 2],
  ['answers nothing', `() => {}`, 'Lambda.JsonProcessingException', 1],
  ['answers no list', `() => ({ records: { a: 1 } })`, 'Lambda.JsonProcessingException', 1],
  ['answers text', `() => 'text'`, 'Lambda.JsonProcessingException', 1],
])(
  'records of a function that %s are failures after its retries',
  async (_, code, errorCode, attemptsMade) => {
    const name = uniqueName('wrong')
    await host([functionOf(name, `export const handler = async ${code}`, { timeoutMs: 1000 })])
    const stream = await create({ lambda: lambdaOf(name) })
    await put(stream, 0, ['a', 'b'])
    const found = await untilThereAre(2, stream)
    expect(found.map(({ text, failure }) => [text, failure?.errorCode, failure?.attemptsMade])).toEqual([
      ['a', errorCode, attemptsMade],
      ['b', errorCode, attemptsMade],
    ])
  },
  120_000,
)

test('with dynamic partitioning, records have the keys that the prefix uses, or are failures', async () => {
  const name = uniqueName('keys')
  await host([functionOf(name, OBEDIENT)])
  const prefix = '!{partitionKeyFromLambda:who}/'
  const stream = await create({ lambda: lambdaOf(name) }, {}, { prefix, isPartitioned: true })
  await put(stream, 0, ['keys', 'none'])
  const [keys, none] = await untilThereAre(2, stream)
  expect(keys.headers['weir-partition-keys']).toBe('{"who":"a"}')
  expect(none.failure).toMatchObject({
    errorCode: 'DynamicPartitioning.S3PrefixEvaluationFailed',
    errorMessage: expect.stringContaining('no partition key who'),
  })
}, 60_000)

test('records for a function that does not exist are failures', async () => {
  await host([])
  const stream = await create({ lambda: lambdaOf('nothing-there', { retries: 0 }) })
  await put(stream, 0, ['a'])
  const [{ failure }] = await untilThereAre(1, stream)
  expect(failure).toMatchObject({ errorCode: 'Lambda.ResourceNotFound', attemptsMade: 1 })
}, 120_000)

test('records are inflated, and cut into messages, objects or pieces', async () => {
  await host([])
  const stream = await create({
    decompression: 'GZIP',
    messageExtraction: true,
    deaggregation: { type: 'JSON', delimiter: '' },
  })
  const logs = (messages: readonly string[], messageType = 'DATA_MESSAGE') =>
    gzipSync(JSON.stringify({ messageType, logEvents: messages.map((message) => ({ message })) }))
  const other = gzipSync('[]')
  await put(stream, 0, [
    logs(['{"a":"}"} {"b":1}', '{"c":{}}']),
    logs([''], 'CONTROL_MESSAGE'),
    'plain',
    other,
  ])
  const found = await untilThereAre(5, stream)
  expect(found.slice(0, 4).map(({ text }) => text)).toEqual(['{"a":"}"}', '{"b":1}', '{"c":{}}', 'plain'])
  expect(found.map(({ failure }) => failure?.outputType)).toEqual([
    ...Array(3).fill(undefined),
    'decompression-failed',
    'processing-failed',
  ])
  const pieces = await create({ deaggregation: { type: 'DELIMITED', delimiter: 'Iw==' } })
  await put(pieces, 0, ['a#b##c#', Buffer.from('x#'.repeat(501))])
  const cut = await untilThereAre(5, pieces)
  expect(cut.map(({ text }) => text).slice(0, 4)).toEqual(['a', 'b', '', 'c'])
  expect(cut[4].failure?.errorMessage).toBe('The record has more than 500 records in it.')
}, 120_000)

test('a function sees where records of a stream come from, and each record of an aggregate', async () => {
  const name = uniqueName('seeing')
  const code = `export const handler = async (event) => ({ records: event.records.map(({ recordId, ...rest }) =>
    ({ recordId, result: 'Ok', data: Buffer.from(JSON.stringify({ ...rest, arn: event.sourceKinesisStreamArn })).toString('base64') })) })`
  await host([functionOf(name, code)])
  const source = await testStream(backends)
  const topic = `stream.${source.name}`
  const stream = await create(
    { lambda: lambdaOf(name) },
    { type: 'KinesisStreamAsSource', topic, startOffsets: [0] },
  )
  await source.store([
    { key: 'plain', data: Buffer.from('a') },
    {
      key: 'packed',
      data: aggregate([
        ['one', Buffer.from('b')],
        ['two', Buffer.from('c')],
      ]),
    },
  ])
  const found = (await untilThereAre(3, stream)).map(({ text }) => JSON.parse(text))
  expect(found.map(({ data }) => Buffer.from(data, 'base64').toString())).toEqual(['a', 'b', 'c'])
  expect(found.map(({ kinesisRecordMetadata: one }) => [one.partitionKey, one.subsequenceNumber])).toEqual([
    ['plain', ''],
    ['one', '0'],
    ['two', '1'],
  ])
  expect(found[0]).toMatchObject({
    arn: `arn:aws:kinesis:us-east-1:000000000000:stream/${source.name}`,
    kinesisRecordMetadata: {
      shardId: 'shardId-000000000000',
      sequenceNumber: expect.stringMatching(/^\d{56}$/),
    },
  })
}, 120_000)

test('each record is there once, whatever the function answers, while processes are killed', async () => {
  const KILLS = process.env.WEIR_FAULTS === 'long' ? 20 : 6
  const name = uniqueName('fickle')
  const code = `export const handler = async (event) => {
    await new Promise((r) => setTimeout(r, Math.random() * 100))
    return { records: event.records.map(({ recordId, data }) => ({ recordId, result: Math.random() < 0.9 ? 'Ok' : 'ProcessingFailed',
      data: Buffer.from(Buffer.from(data, 'base64') + ':' + Math.random()).toString('base64') })) }
  }`
  const definitions = [functionOf(name, code)]
  const hosts = [await host(definitions), await host(definitions)]
  const stream = await create({ lambda: lambdaOf(name, { sizeMiB: 0.2 }) })
  let [number, isWriting] = [0, true]
  const writing = (async () => {
    while (isWriting) {
      await put(
        stream,
        number % 2,
        Array.from({ length: 1 + Math.floor(Math.random() * 40) }, () => `${number++}`),
      )
      await sleep(10)
    }
  })()
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(1000 + Math.random() * 2000)
    await hosts[kill % 2].kill()
    hosts[kill % 2] = await host(definitions)
  }
  isWriting = false
  await writing
  const numbers = async () => (await processed(stream)).map(({ text }) => Number(text.split(':')[0]))
  await expect.poll(async () => (await numbers()).length, { timeout: 90_000, interval: 500 }).toBe(number)
  const found = await processed(stream)
  console.info(`${number} records, ${found.filter(({ failure }) => failure).length} failures, ${KILLS} kills`)
  expect((await numbers()).sort((a, b) => a - b)).toEqual(Array.from({ length: number }, (_, i) => i))
  for (const partition of [0, 1]) {
    const inOrder = found
      .filter((one) => one.partition === partition)
      .map(({ text }) => Number(text.split(':')[0]))
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b))
  }
}, 400_000)
