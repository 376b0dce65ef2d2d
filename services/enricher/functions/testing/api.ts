/** The API with the real client of AWS for JavaScript, over functions and mappings on a real broker. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  type CreateFunctionCommandOutput,
  InvokeCommand,
  type InvokeCommandInput,
  type InvokeCommandOutput,
  LambdaClient,
  PutFunctionConcurrencyCommand,
} from '@aws-sdk/client-lambda'
import { type AwsAccess, awsDoor, signatureHeaders } from '@weir/aws'
import { clientOf, LOCAL_KEY } from '@weir/aws/access-key-file.ts'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import {
  encodeValue,
  type Kafka,
  kafkaConfig,
  keyOf,
  openKafka,
  type Producer,
  valueOf,
  writeRecord,
} from '@weir/kafka'
import { Admission, type HttpServer, logger, openHttp, type Resource } from '@weir/service'
import { topics } from '@weir/solutions'
import { openStreams, type Streams } from '@weir/streams'
import { servers, uniqueName } from '@weir/testkit'
import { zipOf } from '@weir/tools/weir/commands/functions-archive.ts'
import type { FastifyInstance } from 'fastify'
import { afterAll, onTestFinished } from 'vitest'
import { lambdaApis } from '../api/lambda-api.ts'
import { DEFAULT_SETTINGS } from '../mappings/settings.ts'
import { type FunctionService, type FunctionServiceOptions, openFunctionService } from '../open.ts'
import type { RuntimeKind } from '../runtime/options.ts'
import { openRuntimes } from '../runtime/runtimes.ts'
import type { FunctionDefinition } from '../solutions.ts'

/** May invoke every function, and do everything with the solution's. */
export const LIMITED = { accessKeyId: 'LIMITED', secretAccessKey: 'a-secret-of-some-length' }
const ACCOUNT = { region: 'us-east-1', accountId: '000000000000' }

const SOURCE = `
  let count = 0
  export const handler = async (event, context) => {
    count++
    if (event?.log) for (let i = 0; i < event.log; i++) console.log('line ' + i + ' ' + 'x'.repeat(80))
    if (event?.fail) throw new TypeError(event.fail)
    if (event?.exit) process.exit(3)
    if (event?.sleep) await new Promise((resolve) => setTimeout(resolve, event.sleep))
    return { event, count, requestId: context.awsRequestId, client: context.clientContext }
  }`

/** Answers with its event, its version and the ARN by which it was invoked. */
export const SPEAKER = `export const handler = async (event, context) => {
  if (event.fail) throw new Error(event.fail)
  return { says: process.env.SAYS, version: context.functionVersion, arn: context.invokedFunctionArn, event }
}`

/** The answer of SPEAKER, and the version that the answer's header names. */
export interface Said {
  readonly says: string
  readonly version: string
  readonly arn: string
  readonly executed: string | undefined
}

export interface Api {
  readonly kafka: Kafka
  readonly producer: Producer
  readonly streams: Streams
  /** Part of the names of everything that a file creates. */
  readonly run: string
  /** A solution's function, and the id and topic of a mapping of it. */
  readonly fixed: { readonly name: string; readonly mapping: string; readonly topic: string }
  readonly url: string
  /** The same service with FUNCTIONS_DEPLOY off. */
  readonly closedUrl: string
  /** The code of deployed functions is unpacked here. */
  readonly deployedFolder: string
  readonly service: FunctionService
  /** Another service over the same control log, with an empty folder; it ends with the test. */
  replica(): Promise<FunctionService>
  readonly client: LambdaClient
  /** A client of the same service where all runtimes are allowed; elsewhere Node.js alone is. */
  readonly everyRuntime: LambdaClient
  clientFor(credentials: typeof LOCAL_KEY): LambdaClient
  /** Writes an entry into the control log, bypassing every check. */
  plant(kind: string, id: string, state: object): Promise<void>
  /** All records of a topic, in the order of each partition. */
  records(topic: string): Promise<{ readonly key: string; readonly value: string | null }[]>
  invoke(
    input: Omit<InvokeCommandInput, 'Payload'> & { Payload?: object | string },
  ): Promise<InvokeCommandOutput>
  /** Invokes a function whose code is SPEAKER. */
  said(name: string, qualifier?: string): Promise<Said>
  /** Weir's own routes. */
  ask(
    method: string,
    path: string,
    body?: object,
    at?: string,
    credentials?: typeof LOCAL_KEY,
  ): Promise<Response>
  /** Creates a function of one module, index.mjs. */
  deploy(
    name: string,
    code: string,
    more?: Partial<CreateFunctionCommandInput> & { readonly concurrency?: number },
  ): Promise<CreateFunctionCommandOutput>
}

let opened: Promise<Api> | undefined

/**
 * Returns the API of this test file, which ends after its tests. All suites that need it run in one file:
 * services of other files would be replicas of this one, and would take their share of its events and
 * mappings.
 */
export function openApi(): Promise<Api> {
  return (opened ??= start())
}

async function start(): Promise<Api> {
  const run = uniqueName('f').replaceAll('.', '-')
  const fixed = { name: `fixed-${run}`, mapping: `solution-${run}`, topic: uniqueName('other') }
  const local = clientOf(LOCAL_KEY, () => true)
  const limited = clientOf(
    LIMITED,
    (action, resource) =>
      action === 'lambda:InvokeFunction' ||
      resource === `arn:aws:lambda:us-east-1:000000000000:function:${fixed.name}`,
  )
  const access: AwsAccess = {
    client: (id) => [local, limited].find(({ name }) => name === id),
    anonymous: undefined,
  }
  const folder = mkdtempSync(join(tmpdir(), 'functions-api-'))
  const directory = join(folder, 'code')
  const deployedFolder = join(folder, 'deployed')
  mkdirSync(directory)
  writeFileSync(join(directory, 'index.mjs'), SOURCE)

  const [{ brokers }, { url: registry }] = await Promise.all([servers.kafka(), servers.registry()])
  const log = logger('functions-api')
  if (process.env.LOG_LEVEL === undefined) log.level = 'silent'
  const { value: kafka, stop: stopKafka } = await openKafka(
    readConfig({ KAFKA_BROKERS: brokers.join(',') }, kafkaConfig),
  )
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(registry, topics)
  const { value: codec } = await openCodec({ topics, url: registry })
  const streams = await openStreams({
    kafka,
    codec,
    replicas: 1,
    takes: true,
    instance: 'functions-api',
    log: { info: () => {}, warn: () => {} },
  })
  const producer = await kafka.producer()
  const definition: FunctionDefinition = {
    name: fixed.name,
    handler: 'index.handler',
    memoryMb: 256,
    timeoutMs: 10_000,
    concurrency: 2,
    environment: { STAGE: 'test' },
    directory,
  }
  const { value: runtimes } = openRuntimes(
    { kinds: ['nodejs', 'python', 'provided'], python: 'python3' },
    log,
  )
  const common: Omit<FunctionServiceOptions, 'folder'> = {
    definitions: [definition],
    fixed: [
      {
        id: fixed.mapping,
        functionName: fixed.name,
        source: { kind: 'kafka', topic: fixed.topic },
        groupId: fixed.mapping,
        enabled: false,
        start: 'LATEST',
        settings: DEFAULT_SETTINGS,
        filters: undefined,
        onFailure: undefined,
        output: undefined,
        decode: false,
      },
    ],
    account: ACCOUNT,
    bootstrapServers: brokers.join(','),
    kafka,
    codec,
    streams,
    asyncOptions: { groupId: `enricher.invocations.${run}` },
    codeGraceMs: 3000,
    log,
  }
  const service = await openFunctionService({ ...common, runtimes, folder: deployedFolder })
  const serve = async (
    deploying: boolean,
    kinds: readonly RuntimeKind[] = ['nodejs'],
  ): Promise<Resource<HttpServer>> => {
    const apis = lambdaApis(service.value, {
      access,
      account: ACCOUNT,
      deploying,
      runtimes: { allowed: new Set(kinds), sentence: runtimes.sentence },
      maxCodeBytes: 1 << 30,
    })
    const routes = async (app: FastifyInstance): Promise<void> =>
      void (await app.register(awsDoor({ access, account: ACCOUNT }, apis)))
    return openHttp(
      { host: '127.0.0.1', port: 0 },
      { log, ready: {}, routes, admission: new Admission(128 << 20) },
    )
  }
  const [open, closed, every] = [
    await serve(true),
    await serve(false),
    await serve(true, [...runtimes.allowed]),
  ]
  const [{ url }, { url: closedUrl }] = [open.value, closed.value]

  const clientFor = (credentials: typeof LOCAL_KEY, endpoint = url): LambdaClient =>
    new LambdaClient({ endpoint, region: ACCOUNT.region, credentials: { ...credentials }, maxAttempts: 1 })
  const client = clientFor(LOCAL_KEY)
  const everyRuntime = clientFor(LOCAL_KEY, every.value.url)
  const ask: Api['ask'] = (method, path, body, at = url, credentials = LOCAL_KEY) => {
    const target = new URL(`${at}${path}`)
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = signatureHeaders(
      { method, url: target, headers: { 'content-type': 'application/json' }, body: text },
      credentials,
      ACCOUNT.region,
      'lambda',
    )
    return fetch(target, { method, headers, body: text })
  }
  afterAll(async () => {
    client.destroy()
    everyRuntime.destroy()
    for (const stop of [
      () => every.stop(1000),
      () => closed.stop(1000),
      () => open.stop(1000),
      () => service.stop(5000),
      () => producer.stop(1000),
      () => streams.stop(),
      stopKafka,
    ])
      await stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const invoke: Api['invoke'] = ({ Payload, ...input }) =>
    client.send(
      new InvokeCommand({
        ...input,
        Payload: typeof Payload === 'object' ? JSON.stringify(Payload) : Payload,
      }),
    )
  return {
    kafka,
    producer,
    streams,
    run,
    fixed,
    url,
    closedUrl,
    deployedFolder,
    service: service.value,
    client,
    everyRuntime,
    clientFor,
    ask,
    replica: async () => {
      const { value, stop } = await openFunctionService({
        ...common,
        fixed: [],
        folder: mkdtempSync(join(folder, 'replica-')),
      })
      onTestFinished(async () => void (await stop(1000)))
      return value
    },
    plant: async (kind, id, state) => {
      const topic = 'weir.control.functions'
      const value = encodeValue(await codec.writer(topic), { kind, id, json: JSON.stringify(state) })
      await writeRecord(producer, { topic, partition: 0, key: `${kind}/${id}`, value })
    },
    records: async (topic) => {
      const found: { key: string; value: string | null }[] = []
      for (let partition = 0; partition < (await kafka.partitions(topic)); partition++) {
        const end = await kafka.offsetAt(topic, partition, 'latest')
        for (let at = await kafka.offsetAt(topic, partition, 'earliest'); at < end; ) {
          const batch = await kafka.fetch(topic, partition, at, 4 << 20)
          for (let i = 0; i < batch.length; i++)
            found.push({
              key: keyOf(batch, i)?.toString() ?? '',
              value: valueOf(batch, i)?.toString() ?? null,
            })
          at = batch.nextOffset
        }
      }
      return found
    },
    invoke,
    said: async (FunctionName, Qualifier) => {
      const answer = await invoke({ FunctionName, Qualifier })
      return { ...(JSON.parse(textOf(answer)) as Said), executed: answer.ExecutedVersion }
    },
    deploy: async (FunctionName, code, { concurrency, ...more } = {}) => {
      const made = await client.send(
        new CreateFunctionCommand({
          FunctionName,
          Runtime: 'nodejs24.x',
          Role: ROLE,
          Handler: 'index.handler',
          MemorySize: 256,
          Timeout: 10,
          Code: { ZipFile: await moduleZip(code) },
          ...more,
        }),
      )
      if (concurrency !== undefined)
        await client.send(
          new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: concurrency }),
        )
      return made
    },
  }
}

export const textOf = ({ Payload }: InvokeCommandOutput): string => Buffer.from(Payload!).toString()

/** The source of mappings of topics. It names brokers that nothing connects to. */
export const TOPIC_SOURCE = {
  SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: ['b:9092'] } },
  Topics: ['orders'],
}

export const ROLE = 'arn:aws:iam::000000000000:role/functions'

export const moduleZip = (code: string, name = 'index.mjs'): Promise<Buffer> =>
  zipOf([{ name, bytes: Buffer.from(code) }])
