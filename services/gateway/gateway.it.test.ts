/**
 * AWS's clients before real services, with nothing set but AWS_ENDPOINT_URL: the SDK for JavaScript in this
 * process, the command line and boto3 in theirs.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis'
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { prepare, startHub } from '@weir/ingest-hub/testing/hub.ts'
import { pythonWith } from '@weir/stack/python.ts'
import { servers, uniqueName } from '@weir/testkit'
import { type ServiceProcess, startService, untilReady } from '@weir/testkit/service-process.ts'
import { zipOf } from '@weir/tools/weir/commands/functions-archive.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const KEY = { accessKeyId: 'AKIAADMINADMINADMIN1', secretAccessKey: 'only-for-tests-of-the-gateway' }
const MIB = 1 << 20
const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'weir-gateway-'))
const stream = uniqueName('gateway')
const kept = { ...process.env }

let env: Record<string, string>
let hub: ServiceProcess
let enricher: ServiceProcess
let gateway: ServiceProcess
let kinesis: KinesisClient
let lambda: LambdaClient

beforeAll(async () => {
  const [{ brokers }, { url: registryUrl }, { url: redisUrl }] = await Promise.all([
    servers.kafka(),
    servers.registry(),
    servers.redis(),
  ])
  await (await prepare({ brokers, registryUrl })).stop()
  const keysFile = join(folder, 'access-keys.json')
  writeFileSync(keysFile, JSON.stringify([{ ...KEY, rights: { kinesis: ['*'], lambda: ['*'] } }]))
  env = {
    KAFKA_BROKERS: brokers.join(),
    REGISTRY_URL: registryUrl,
    REDIS_URL: redisUrl,
    AWS_ACCESS_KEYS_FILE: keysFile,
    ALLOW_ANONYMOUS: 'true',
    KINESIS_THROTTLING: 'false',
    FUNCTIONS_DEPLOY: 'true',
    // Enough memory for whole answers.
    HUB_MEMORY_MB: '256',
    WEIR_SOLUTIONS: 'location-offers',
  }
  ;[hub, enricher] = await Promise.all([
    startHub({ brokers, registryUrl }, env),
    startService('enricher', env),
  ])
  gateway = await startService('gateway', { ...env, HUB_URL: hub.url, ENRICHER_URL: enricher.url })
  await Promise.all([hub, enricher, gateway].map(untilReady))
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: gateway.url,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey,
  })
  kinesis = new KinesisClient({})
  lambda = new LambdaClient({})
  await kinesis.send(new CreateStreamCommand({ StreamName: stream, ShardCount: 1 }))
  await waitUntilStreamExists(
    { client: kinesis, minDelay: 1, maxDelay: 1, maxWaitTime: 60 },
    { StreamName: stream },
  )
})
afterAll(async () => {
  process.env = kept
  kinesis?.destroy()
  lambda?.destroy()
  for (const service of [gateway, hub, enricher]) {
    service?.kill('SIGTERM')
    expect(await service?.exited).toBe(0)
  }
  rmSync(folder, { recursive: true, force: true })
})

const put = (data: string) =>
  kinesis.send(new PutRecordCommand({ StreamName: stream, PartitionKey: 'k', Data: Buffer.from(data) }))

describe('the SDK for JavaScript', () => {
  test('puts a record, and gets records as events over HTTP/2', async () => {
    const summary = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: stream }))
    const { StreamARN } = summary.StreamDescriptionSummary!
    const { Consumer } = await kinesis.send(
      new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'reader' }),
    )
    await put('before')
    const { EventStream } = await kinesis.send(
      new SubscribeToShardCommand({
        ConsumerARN: Consumer!.ConsumerARN,
        ShardId: 'shardId-000000000000',
        StartingPosition: { Type: 'TRIM_HORIZON' },
      }),
    )
    const texts: string[] = []
    for await (const { SubscribeToShardEvent: event } of EventStream!) {
      texts.push(...event!.Records!.map(({ Data }) => String(Buffer.from(Data!))))
      if (texts.length === 1) await put('after')
      if (texts.length === 2) break
    }
    expect(texts).toEqual(['before', 'after'])
  })

  test('deploys a function, invokes it and gets its code back', async () => {
    const FunctionName = uniqueName('gateway')
    const ZipFile = await zipOf([
      { name: 'index.mjs', bytes: Buffer.from('export const handler = async ({ name }) => `hello ${name}`') },
    ])
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Role: 'arn:aws:iam::000000000000:role/r',
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Code: { ZipFile },
      }),
    )
    await waitUntilFunctionActiveV2(
      { client: lambda, minDelay: 1, maxDelay: 1, maxWaitTime: 60 },
      { FunctionName },
    )
    const { Payload } = await lambda.send(new InvokeCommand({ FunctionName, Payload: '{"name":"Weir"}' }))
    expect(JSON.parse(Buffer.from(Payload!).toString())).toBe('hello Weir')
    const { Code } = await lambda.send(new GetFunctionCommand({ FunctionName }))
    expect(Code!.Location).toContain(gateway.url)
    expect(Buffer.from(await (await fetch(Code!.Location!)).arrayBuffer()).equals(ZipFile)).toBe(true)
    await lambda.send(new DeleteFunctionCommand({ FunctionName }))
  })

  test('learns its identity, or the problem of its signature', async () => {
    const sts = new STSClient({})
    const wrong = new STSClient({ credentials: { ...KEY, secretAccessKey: 'another secret' } })
    const stranger = new LambdaClient({ credentials: { ...KEY, accessKeyId: 'AKIANOBODYNOBODYNO01' } })
    try {
      expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
        Arn: `arn:aws:iam::000000000000:user/${KEY.accessKeyId}`,
      })
      await expect(wrong.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
        name: 'SignatureDoesNotMatch',
      })
      await expect(stranger.send(new ListFunctionsCommand({}))).rejects.toMatchObject({
        name: 'UnrecognizedClientException',
      })
    } finally {
      for (const client of [sts, wrong, stranger]) client.destroy()
    }
  })
})

const python = () => pythonWith('how-to', join(import.meta.dirname, '../../docs/how-to/requirements.txt'))

test('the command line of AWS lists streams and functions, and gets an error for an API that is not served', async () => {
  const aws = async (...args: string[]): Promise<string> =>
    (
      await run(await python(), ['-m', 'awscli', '--output', 'json', ...args], {
        env: { ...process.env, AWS_PAGER: '' },
      })
    ).stdout
  expect(JSON.parse(await aws('sts', 'get-caller-identity'))).toMatchObject({ Account: '000000000000' })
  expect(JSON.parse(await aws('kinesis', 'list-streams')).StreamNames).toContain(stream)
  expect(JSON.parse(await aws('firehose', 'list-delivery-streams'))).toHaveProperty('DeliveryStreamNames')
  expect(JSON.parse(await aws('lambda', 'list-functions'))).toHaveProperty('Functions')
  await expect(aws('s3', 'ls')).rejects.toThrow('the request is for s3')
})

test('boto3 works through the gateway', async () => {
  const script = `
import boto3
print(boto3.client('sts').get_caller_identity()['Account'])
print('${stream}' in boto3.client('kinesis').list_streams()['StreamNames'])
print(boto3.client('lambda').list_functions()['ResponseMetadata']['HTTPStatusCode'])
`
  const { stdout } = await run(await python(), ['-c', script])
  expect(stdout.split('\n').slice(0, 3)).toEqual(['000000000000', 'True', '200'])
})

/** The most resident memory of the gateway so far, bytes. */
async function peakBytes(): Promise<number> {
  const { stdout } = await run('grep', ['VmHWM', `/proc/${gateway.pid}/status`])
  return Number(/\d+/.exec(stdout)![0]) << 10
}

test.runIf(process.platform === 'linux')(
  'ten MiB pass in both directions, even to a slow reader, without being buffered',
  async () => {
    const Records = Array.from({ length: 10 }, () => ({ PartitionKey: 'k', Data: randomBytes(MIB - 64) }))
    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({
        StreamName: stream,
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'LATEST',
      }),
    )
    await kinesis.send(new PutRecordsCommand({ StreamName: stream, Records }))
    const before = await peakBytes()
    for (let i = 0; i < 3; i++) await kinesis.send(new PutRecordsCommand({ StreamName: stream, Records }))
    const { Records: read } = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
    expect(read!.map(({ Data }) => Buffer.from(Data!))).toEqual(
      Records.slice(0, read!.length).map(({ Data }) => Data),
    )
    expect(read!.length).toBeGreaterThan(8)
    const slow = Array.from({ length: 5 }, () => {
      const session = connect(gateway.url, { settings: { initialWindowSize: 1024 } })
      const request = session.request({
        ':method': 'POST',
        ':path': '/',
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.GetRecords',
      })
      request.on('error', () => {})
      request.end(JSON.stringify({ ShardIterator }))
      return session
    })
    await new Promise((done) => setTimeout(done, 3000))
    for (const session of slow) session.destroy()
    expect((await peakBytes()) - before).toBeLessThan(32 * MIB)
  },
)

test('a killed service makes only its own APIs unavailable until it is started again', async () => {
  const { port } = new URL(hub.url)
  hub.kill('SIGKILL')
  await hub.exited
  const once = new KinesisClient({ maxAttempts: 1 })
  await expect(once.send(new DescribeStreamSummaryCommand({ StreamName: stream }))).rejects.toMatchObject({
    name: 'ServiceUnavailable',
    $metadata: { httpStatusCode: 503 },
  })
  once.destroy()
  expect((await lambda.send(new ListFunctionsCommand({}))).$metadata.httpStatusCode).toBe(200)
  expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200)
  hub = await startService('ingest-hub', { ...env, HTTP_PORT: port })
  await untilReady(hub)
  await put('again')
})
