/** A Weir for the pages: a hub, an enricher, an alerter and a gateway, at which the addresses of `npm start` point. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DeleteDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose'
import { DeleteTopicRuleCommand, IoTClient } from '@aws-sdk/client-iot'
import { DeleteStreamCommand, KinesisClient, waitUntilStreamNotExists } from '@aws-sdk/client-kinesis'
import {
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda'
import { DeleteTopicCommand, SNSClient } from '@aws-sdk/client-sns'
import { mqttPorts } from '@weir/ingest-hub/doors/mqtt/testing/clients.ts'
import { prepare, startHub } from '@weir/ingest-hub/testing/hub.ts'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { freePorts } from '@weir/stack/ports.ts'
import { pythonWith } from '@weir/stack/python.ts'
import { servers } from '@weir/testkit'
import { type ServiceProcess, startService, untilReady } from '@weir/testkit/service-process.ts'
import { expect, vi } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

export interface Weir {
  /** Addresses on the pages, with their replacements here. */
  readonly addresses: Readonly<Record<string, string>>
  /** The environment of commands. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

export type FurtherService = 'alerter' | 'pricing' | 'indexer'

const KEYS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
const LOCAL = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }
/** Streams and functions that the pages create. */
const STREAMS = ['orders', 'payments', 'warm-loads']
const FUNCTIONS = ['check-payments', 'tell-failures', 'price-watch', 'by-door']

/**
 * Starts a hub and an enricher as `npm start` does; their access keys are in access-keys.json of the copy.
 *
 * @param copy the folder of the copy of the repository
 * @param more further services, which not every page needs
 */
export async function startWeir(copy: string, more: readonly FurtherService[]): Promise<Weir> {
  const [{ brokers }, { url: registryUrl }, { url: redisUrl }, python] = await Promise.all([
    servers.kafka(),
    servers.registry(),
    servers.redis(),
    pythonWith('how-to', join(import.meta.dirname, '../requirements.txt')),
  ])
  const { stop } = await prepare({ brokers, registryUrl })
  await stop()
  const keys = join(copy, 'access-keys.json')
  const hub = await startHub({ brokers, registryUrl }, existsSync(keys) ? { AWS_ACCESS_KEYS_FILE: keys } : {})
  const child = spawn(process.execPath, [join(root, 'services/enricher/main.ts')], {
    env: {
      ...process.env,
      KAFKA_BROKERS: brokers.join(),
      REGISTRY_URL: registryUrl,
      REDIS_URL: redisUrl,
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: '0',
      ALLOW_ANONYMOUS: 'true',
      LOG_LEVEL: 'info',
      WEIR_SOLUTIONS: 'location-offers',
      FUNCTIONS_DEPLOY: 'true',
      FUNCTIONS_FOLDER: join(copy, '.functions'),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  tieProcess(child.pid!)
  let out = ''
  child.stdout.on('data', (data) => {
    out += data
  })
  const listening = () => /listening at (\S+?)"/.exec(out)?.[1]
  await vi.waitFor(async () => expect((await fetch(`${listening()}/readyz`)).status).toBe(200), {
    timeout: 60_000,
    interval: 100,
  })
  const enricher = listening()!
  const env = { KAFKA_BROKERS: brokers.join(), REGISTRY_URL: registryUrl }
  const alerter = more.includes('alerter') ? await startAlerter(env) : undefined
  const pricing = more.includes('pricing')
    ? await startPricing({ ...env, MODELS: join(copy, 'models') })
    : undefined
  const indexer = more.includes('indexer') ? await startIndexer(env) : undefined
  const gateway = await startService('gateway', {
    HUB_URL: hub.url,
    ENRICHER_URL: enricher,
    ...(alerter && { ALERTER_URL: alerter.url }),
    ...(pricing && { PRICING_URL: pricing.url }),
    ALLOW_ANONYMOUS: 'true',
    ...(existsSync(keys) && { AWS_ACCESS_KEYS_FILE: keys }),
  })
  await takeAway(hub.url, enricher)
  // The environment was moved after it was made, so its own scripts have a wrong path of the interpreter.
  const bin = join(copy, '.bin')
  await mkdir(bin)
  await writeFile(join(bin, 'aws'), `#!/bin/sh\nexec ${python} -m awscli "$@"\n`, { mode: 0o755 })
  return {
    addresses: {
      'http://localhost:4566': gateway.url,
      'localhost:9092': brokers[0],
      'localhost:1883': `127.0.0.1:${mqttPorts(hub).port}`,
      ...(alerter && { 'localhost:8083': new URL(alerter.url).host }),
      ...(pricing && { 'localhost:8082': new URL(pricing.url).host }),
    },
    env: {
      HUB_URL: hub.url,
      ENRICHER_URL: enricher,
      ...(alerter && { ALERTER_URL: alerter.url }),
      ...(pricing && { PRICING_URL: pricing.url }),
      ...(indexer && { INDEXER_URL: indexer.service.url, AWS_ENDPOINT_URL_S3: indexer.storeUrl, ...KEYS }),
      KAFKA_BROKERS: brokers.join(),
      REGISTRY_URL: registryUrl,
      PATH: `${bin}:${dirname(python)}:${process.env.PATH}`,
      AWS_PAGER: '',
    },
    stop: async () => {
      child.kill('SIGTERM')
      hub.kill('SIGTERM')
      gateway.kill('SIGTERM')
      alerter?.kill('SIGTERM')
      pricing?.kill('SIGTERM')
      indexer?.service.kill('SIGTERM')
      await Promise.all([
        once(child, 'exit'),
        hub.exited,
        gateway.exited,
        alerter?.exited,
        pricing?.exited,
        indexer?.service.exited,
      ])
    },
  }
}

/** Starts an alerter that reaches receivers on this machine, as in `npm start`. */
async function startAlerter(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const [port] = await freePorts(1)
  const alerter = await startService('alerter', {
    ...env,
    HTTP_PORT: String(port),
    ALERTER_PUBLIC_URL: `http://127.0.0.1:${port}`,
    ALLOW_ANONYMOUS: 'true',
    EGRESS_ALLOW: '127.0.0.0/8,::1/128',
  })
  await vi.waitFor(async () => expect((await fetch(`${alerter.url}/readyz`)).status).toBe(200), {
    timeout: 60_000,
    interval: 100,
  })
  // A failed run leaves it on shared servers.
  const sns = new SNSClient({ ...LOCAL, endpoint: alerter.url })
  await sns.send(new DeleteTopicCommand({ TopicArn: 'arn:aws:sns:us-east-1:000000000000:orders' }))
  sns.destroy()
  return alerter
}

async function startPricing(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const pricing = await startService('pricing', { ...env, ALLOW_ANONYMOUS: 'true' })
  // A failed run leaves them on shared servers.
  await fetch(`${pricing.url}/v1/endpoints/demand`, { method: 'DELETE' })
  await untilReady(pricing)
  const dynamo = new DynamoDBClient({ ...LOCAL, endpoint: pricing.url })
  await dynamo.send(new DeleteTableCommand({ TableName: 'catalogue' })).catch(() => {})
  dynamo.destroy()
  return pricing
}

/** Starts an indexer without sinks, over an object store. */
async function startIndexer(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly service: ServiceProcess; readonly storeUrl: string }> {
  const { url: storeUrl } = await servers.objects()
  const service = await startService('indexer', {
    ...env,
    ...KEYS,
    ALLOW_ANONYMOUS: 'true',
    WEIR_SOLUTIONS: 'location-offers',
    AWS_ENDPOINT_URL_S3: storeUrl,
  })
  await untilReady(service)
  return { service, storeUrl }
}

/** Removes streams, functions and rules that a failed run left on shared servers. */
async function takeAway(hub: string, enricher: string): Promise<void> {
  const [kinesis, lambda] = [
    new KinesisClient({ ...LOCAL, endpoint: hub }),
    new LambdaClient({ ...LOCAL, endpoint: enricher }),
  ]
  for (const FunctionName of FUNCTIONS) {
    const { EventSourceMappings = [] } = await lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName }),
    )
    for (const { UUID } of EventSourceMappings)
      await lambda.send(new DeleteEventSourceMappingCommand({ UUID }))
    await lambda.send(new DeleteFunctionCommand({ FunctionName })).catch(() => {})
  }
  for (const StreamName of STREAMS) {
    await kinesis.send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true })).catch(() => {})
    await waitUntilStreamNotExists(
      { client: kinesis, minDelay: 1, maxDelay: 1, maxWaitTime: 30 },
      { StreamName },
    )
  }
  const iot = new IoTClient({ ...LOCAL, endpoint: hub })
  await iot.send(new DeleteTopicRuleCommand({ ruleName: 'warm_loads' })).catch(() => {})
  iot.destroy()
  const firehose = new FirehoseClient({ ...LOCAL, endpoint: hub })
  await firehose.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: 'badges' })).catch(() => {})
  firehose.destroy()
  kinesis.destroy()
  lambda.destroy()
}
