/**
 * Services that accept requests without a key, and foreign pages in a browser on the same machine: the pages
 * get no access.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { prepare, startHub, TOPIC } from '@weir/ingest-hub/testing/hub.ts'
import { openBrowser } from '@weir/solutions/taxi-telemetry/testing/browser.ts'
import { type KafkaCluster, kafkaCluster, servers } from '@weir/testkit'
import { type ServiceProcess, startService } from '@weir/testkit/service-process.ts'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

/** Resolves to 127.0.0.1 in the browser, like the name of a page whose owner rebinds it. */
const FOREIGN = 'page.example'

let kafka: KafkaCluster
let hub: ServiceProcess
let enricher: ServiceProcess
let gateway: ServiceProcess
let landing: ServiceProcess
let browser: Browser
let pageUrl: string
const page = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html' }).end('<title>A page</title>')
})

beforeAll(async () => {
  const [{ url: registryUrl }, { url: redis }] = await Promise.all([servers.registry(), servers.redis()])
  // An enricher of another test would take its share of the records.
  kafka = await kafkaCluster({ brokers: 1 })
  const { brokers } = kafka
  const redisUrl = `${redis}/2`
  await (await prepare({ brokers, registryUrl })).stop()
  hub = await startHub({ brokers, registryUrl })
  enricher = await startService('enricher', {
    KAFKA_BROKERS: brokers.join(),
    REGISTRY_URL: registryUrl,
    REDIS_URL: redisUrl,
    ALLOW_ANONYMOUS: 'true',
    FUNCTIONS_DEPLOY: 'true',
  })
  gateway = await startService('gateway', {
    HUB_URL: hub.url,
    ENRICHER_URL: enricher.url,
    ALLOW_ANONYMOUS: 'true',
  })
  landing = await startService('console', {
    KAFKA_BROKERS: brokers.join(),
    REGISTRY_URL: registryUrl,
    HUB_URL: hub.url,
    ENRICHER_URL: enricher.url,
    GATEWAY_URL: gateway.url,
    ALLOW_ANONYMOUS: 'true',
  })
  for (const { url } of [hub, enricher, gateway, landing])
    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), { timeout: 60_000 })
  page.listen(0, '127.0.0.1')
  await once(page, 'listening')
  pageUrl = `http://${FOREIGN}:${(page.address() as AddressInfo).port}/`
  // Turns off the browser's own permission prompt before a public page reaches loopback, because not every
  // browser prompts.
  browser = await openBrowser(
    `--host-resolver-rules=MAP ${FOREIGN} 127.0.0.1`,
    '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
  )
})
afterAll(async () => {
  await browser?.close()
  page.close()
  for (const service of [landing, gateway, hub, enricher]) {
    service?.kill('SIGTERM')
    await service?.exited
  }
  await kafka?.stop()
})

interface Tried {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

const kinesis = (operation: string, body: object): Tried => ({
  method: 'POST',
  url: `${hub.url}/`,
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Kinesis_20131202.${operation}` },
  body: JSON.stringify(body),
})
const lambda = (method: string, path: string, body?: object): Tried => ({
  method,
  url: `${enricher.url}${path}`,
  headers: { 'content-type': 'application/json' },
  ...(body !== undefined && { body: JSON.stringify(body) }),
})

/** Requests of AWS's APIs that succeed for a program on this machine without a key. */
const awsTries = (): readonly Tried[] => [
  kinesis('ListStreams', {}),
  kinesis('CreateStream', { StreamName: 'made-by-a-page', ShardCount: 1 }),
  kinesis('DeleteStream', { StreamName: 'no-such-stream' }),
  lambda('GET', '/2015-03-31/functions/'),
  lambda('POST', '/2015-03-31/functions/no-such-function/invocations', {}),
  lambda('POST', '/2015-03-31/event-source-mappings/', {
    FunctionName: 'no-such-function',
    EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/none',
    StartingPosition: 'LATEST',
  }),
  lambda('POST', '/2015-03-31/functions', {
    FunctionName: 'made-by-a-page',
    Role: 'arn:aws:iam::000000000000:role/r',
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Code: { ZipFile: 'UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==' },
  }),
]

/** All requests that succeed for a program on this machine without a key. */
const tries = (): readonly Tried[] => [
  ...awsTries(),
  ...awsTries().map((one) => ({ ...one, url: gateway.url + new URL(one.url).pathname })),
  {
    method: 'POST',
    url: `${hub.url}/v1/topics/${TOPIC}/records`,
    headers: { 'content-type': 'application/json' },
    body: '{"records":[]}',
  },
  { method: 'GET', url: `${landing.url}/snapshot`, headers: {} },
  { method: 'GET', url: `${landing.url}/dead-letters?topic=${TOPIC}.dead`, headers: {} },
  {
    method: 'POST',
    url: `${landing.url}/dead-letters/redrive`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ topic: `${TOPIC}.dead`, at: ['0:999999'] }),
  },
  lambda('GET', '/v1/reference/zones'),
  lambda('PUT', '/v1/reference/zones/made-by-a-page', {
    name: 'A zone',
    polygon: [
      [0, 0],
      [0, 1],
      [1, 1],
      [0, 0],
    ],
  }),
]

/**
 * Returns the page's result for each request: a status and a body, or that the browser withholds the
 * response.
 */
function fromPage(url: string, tried: readonly Tried[], mode: 'cors' | 'no-cors'): Promise<string[]> {
  return browser.newContext().then(async (context) => {
    const opened = await context.newPage()
    await opened.goto(url)
    const answers = await opened.evaluate(
      ({ tried, mode }) =>
        Promise.all(
          tried.map(async ({ url, ...init }) => {
            try {
              const response = await fetch(url, { ...init, mode })
              return `${response.type} ${response.status} ${await response.text()}`
            } catch {
              return 'kept from the page'
            }
          }),
        ),
      { tried, mode },
    )
    await context.close()
    return answers
  })
}

const made = async (): Promise<string> => {
  const streams = await (
    await fetch(hub.url, { method: 'POST', headers: kinesis('ListStreams', {}).headers, body: '{}' })
  ).text()
  const functions = await (await fetch(`${enricher.url}/2015-03-31/functions/`)).text()
  const zones = await (await fetch(`${enricher.url}/v1/reference/zones`)).text()
  return [streams, functions, zones].join()
}

/** The redrives that were started at the console. A snapshot may be a second old. */
async function redrives(): Promise<unknown> {
  await new Promise((done) => setTimeout(done, 1100))
  return ((await (await fetch(`${landing.url}/snapshot`)).json()) as any).data.redrives
}

test('a page of another origin can neither read answers nor change anything', async () => {
  expect(await fromPage(pageUrl, tries(), 'cors')).toEqual(tries().map(() => 'kept from the page'))
  // Without a preflight, the browser leaves out the headers that make an AWS request.
  for (const answer of await fromPage(
    pageUrl,
    tries().filter(({ method }) => method !== 'PUT'),
    'no-cors',
  ))
    expect(answer).toBe('opaque 0 ')
  expect(await made()).not.toContain('made-by-a-page')
  expect(await redrives()).toEqual([])
})

test('a page whose name resolves to the service is refused and changes nothing', async () => {
  for (const service of [hub, enricher, gateway, landing]) {
    const own = `http://${FOREIGN}:${new URL(service.url).port}`
    const tried = tries()
      .filter(({ url }) => url.startsWith(service.url))
      .map((one) => ({ ...one, url: one.url.replace(service.url, own) }))
    for (const answer of await fromPage(`${own}/livez`, tried, 'cors'))
      expect(answer).toMatch(/^basic 40[03] .*this machine/)
  }
  expect(await made()).not.toContain('made-by-a-page')
  expect(await redrives()).toEqual([])
})

test('a program on this machine is served, so the refused requests were valid ones', async () => {
  const statuses = await Promise.all(tries().map(async ({ url, ...init }) => (await fetch(url, init)).status))
  expect(statuses.filter((status) => status === 401 || status === 403)).toEqual([])
  expect(await made()).toContain('made-by-a-page')
  expect(await redrives()).toHaveLength(1)
  await fetch(hub.url, { ...kinesis('DeleteStream', { StreamName: 'made-by-a-page' }) })
})
