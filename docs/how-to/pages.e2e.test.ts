/**
 * Follows every how-to page to the letter, in a copy of the repository: writes its files, applies its
 * changes, runs its commands. Pages that talk to Weir have a hub and an enricher of their own, at which the
 * addresses of `npm start` point then; pages about notifications also have an alerter.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
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
import { type ServiceProcess, startService } from '@weir/testkit/service-process.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { copyCheckout } from '../../test/checkout.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = (await readdir(new URL('.', import.meta.url))).filter((name) => name.endsWith('.md'))
let copy: string

beforeEach(async () => {
  copy = await copyCheckout('how-to')
})

afterEach(() => rm(copy, { recursive: true, force: true, maxRetries: 5 }))

interface Block {
  readonly language: string
  readonly attributes: Readonly<Record<string, string>>
  readonly text: string
}

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)([^\n]*)\n(.*?)^```$/gms)].map(([, language, attributes, text]) => ({
    language,
    text,
    attributes: Object.fromEntries(
      [...attributes.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(([, name, quoted, plain]) => [
        name,
        quoted ?? plain,
      ]),
    ),
  }))
}

/**
 * Removes the lines with a minus and inserts those with a plus; the other lines must match one place only.
 */
async function change(file: string, diff: string): Promise<void> {
  const lines = diff.split('\n').slice(0, -1)
  const side = (sign: string) =>
    lines
      .filter((line) => line[0] === ' ' || line[0] === sign)
      .map((line) => `${line.slice(1)}\n`)
      .join('')
  const text = await readFile(file, 'utf8')
  expect(text.split(side('-')).length - 1, `the place of a change in ${file}:\n${diff}`).toBe(1)
  await writeFile(
    file,
    text.replace(side('-'), () => side('+')),
  )
}

interface Weir {
  /** Addresses on the pages, with their replacements here. */
  readonly addresses: Readonly<Record<string, string>>
  /** The environment of commands. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

const LOCAL = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }
const NOTHING_RUNS: Weir = { addresses: {}, env: {}, stop: async () => {} }
/** Streams and functions that the pages create. */
const STREAMS = ['orders', 'payments', 'warm-loads']
const FUNCTIONS = ['check-payments', 'tell-failures']

/**
 * Starts a hub and an enricher as `npm start` does; their access keys are in access-keys.json of the copy.
 */
async function startWeir(withAlerter: boolean): Promise<Weir> {
  const [{ brokers }, { url: registryUrl }, { url: redisUrl }, python] = await Promise.all([
    servers.kafka(),
    servers.registry(),
    servers.redis(),
    pythonWith('how-to', join(import.meta.dirname, 'requirements.txt')),
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
  const alerter = withAlerter
    ? await startAlerter({ KAFKA_BROKERS: brokers.join(), REGISTRY_URL: registryUrl })
    : undefined
  const gateway = await startService('gateway', {
    HUB_URL: hub.url,
    ENRICHER_URL: enricher,
    ...(alerter && { ALERTER_URL: alerter.url }),
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
    },
    env: {
      HUB_URL: hub.url,
      ENRICHER_URL: enricher,
      ...(alerter && { ALERTER_URL: alerter.url }),
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
      await Promise.all([once(child, 'exit'), hub.exited, gateway.exited, alerter?.exited])
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
  kinesis.destroy()
  lambda.destroy()
}

/**
 * @param attributes fails: what the output of a command that must fail contains; prints: what that of one
 * that must succeed contains
 */
async function run(command: string, { fails, prints = '' }: Block['attributes'], weir: Weir): Promise<void> {
  const path = `${join(copy, 'node_modules/.bin')}:${weir.env.PATH ?? process.env.PATH}`
  // npx keeps packages in npm's cache: this one is removed with the copy.
  const env = {
    ...process.env,
    ...weir.env,
    PATH: path,
    npm_config_cache: join(copy, '.npm'),
    VITEST: undefined,
    NODE_ENV: undefined,
  } as NodeJS.ProcessEnv
  const { code, output } = await promisify(execFile)('bash', ['-ec', command], {
    cwd: copy,
    env,
    maxBuffer: 1 << 26,
  }).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error) => ({ code: error.code, output: `${error.stdout}${error.stderr}` }),
  )
  if (fails === undefined) expect(code, output).toBe(0)
  else expect(code, output).not.toBe(0)
  expect(output).toContain(fails ?? prints)
}

test.for(pages)('%s works as written', { timeout: 420_000 }, async (name) => {
  const blocks = blocksOf(await readFile(new URL(name, import.meta.url), 'utf8'))
  expect(
    blocks.some(({ language, attributes }) => language === 'sh' && !attributes.file),
    'the page runs something',
  ).toBe(true)
  const keys = blocks.find(({ attributes }) => attributes.file === 'access-keys.json')
  if (keys) await writeFile(join(copy, 'access-keys.json'), keys.text)
  const has = (address: string): boolean => blocks.some(({ text }) => text.includes(address))
  const weir = has('localhost:4566') ? await startWeir(has('localhost:8083')) : NOTHING_RUNS
  try {
    for (const { language, attributes, text: written } of blocks) {
      const text = Object.entries(weir.addresses).reduce(
        (all, [address, here]) => all.replaceAll(address, here),
        written,
      )
      const file = attributes.file && join(copy, attributes.file)
      if (file && language === 'diff') await change(file, text)
      else if (file) {
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, text)
      } else if (language === 'sh') await run(text, attributes, weir)
    }
  } finally {
    await weir.stop()
  }
})
