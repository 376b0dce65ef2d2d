/** HTTP endpoints, with TLS, that follow the specification or do not. */
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { DeliveryStream, HttpEndpoint } from '@weir/deliveries'
import { httpEndpoint } from '@weir/deliveries/testing/delivery-stream.ts'
import { uniqueName } from '@weir/testkit'
import { afterEach, expect, test } from 'vitest'
import { bucketOf, type World } from '../testing/deliveries.ts'
import {
  acknowledge,
  type EndpointRequest,
  type HttpEndpointServer,
  startHttpEndpoint,
} from '../testing/http-endpoint.ts'
import { givenUp, numbered, placeSuite, rawOf, soon } from './testing/suite.ts'

let server: HttpEndpointServer
const pathOf = ({ endpoint }: DeliveryStream): string => new URL(endpoint!.url).pathname
const requestsTo = (stream: DeliveryStream): readonly EndpointRequest[] => server.requests(pathOf(stream))

/** The records that an endpoint has which looks at the ids of requests. */
function recordsOf(stream: DeliveryStream): string[] {
  const byId = new Map(requestsTo(stream).map((request) => [request.requestId, request]))
  return [...byId.values()].flatMap(({ records }) => records.map(String))
}

const create = (world: World, changes: Partial<HttpEndpoint> = {}, partitions = 1): Promise<DeliveryStream> =>
  world.create(
    {},
    { partitions, endpoint: httpEndpoint(`${server.proxy.url}/${uniqueName('calls')}`, changes) },
  )

const theWorld = placeSuite('HTTP endpoints', async (world) => {
  server = await startHttpEndpoint()
  return {
    proxy: server.proxy,
    givesUp: true,
    create: (changes, { partitions, ...settings } = {}) =>
      world.create(changes, {
        partitions,
        endpoint: httpEndpoint(`${server.proxy.url}/${uniqueName('calls')}`, settings),
      }),
    records: async (stream) => recordsOf(stream),
    stop: () => server.stop(),
  }
})

afterEach(() => {
  server.answer = undefined
})

test('requests are as the specification has them', async () => {
  const world = theWorld()
  await world.replica()
  const stream = await create(world, {
    accessKey: 'secret',
    isCompressed: true,
    attributes: [
      ['place', 'Zürich'],
      ['stage', 'test'],
    ],
  })
  const binary = Buffer.of(0, 255, 10)
  await world.put(stream, 0, [binary, '', 'text'])
  await expect.poll(() => requestsTo(stream).length, soon).toBe(1)
  const [{ headers, requestId, timestamp, records }] = requestsTo(stream)
  expect(records).toEqual([binary, Buffer.alloc(0), Buffer.from('text')])
  expect(requestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  expect(Math.abs(Date.now() - timestamp)).toBeLessThan(60_000)
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'content-encoding': 'gzip',
    'x-amz-firehose-protocol-version': '1.0',
    'x-amz-firehose-request-id': requestId,
    'x-amz-firehose-source-arn': `arn:aws:firehose:us-east-1:000000000000:deliverystream/${stream.name}`,
    'x-amz-firehose-access-key': 'secret',
  })
  const attributes = JSON.parse(String(headers['x-amz-firehose-common-attributes']))
  expect(attributes).toEqual({ commonAttributes: { place: 'Zürich', stage: 'test' } })
}, 60_000)

test('without settings, a request has neither their headers nor a content encoding', async () => {
  const world = theWorld()
  await world.replica()
  const stream = await create(world)
  await world.put(stream, 0, ['text'])
  await expect.poll(() => requestsTo(stream).length, soon).toBe(1)
  const names = Object.keys(requestsTo(stream)[0].headers)
  expect(names.filter((name) => /access-key|common-attributes|content-encoding/.test(name))).toEqual([])
}, 60_000)

test('a large buffer takes several requests, each with an id of its own', async () => {
  const world = theWorld()
  await world.replica()
  const endpoint = httpEndpoint(`${server.proxy.url}/${uniqueName('calls')}`)
  const stream = await world.create({ sizeMiB: 16, intervalSeconds: 3 }, { partitions: 1, endpoint })
  const record = (i: number): string => String(i).padStart(1_000_000, '.')
  const records = Array.from({ length: 14 }, (_, i) => record(i))
  for (const one of records) await world.put(stream, 0, [one])
  await expect.poll(() => recordsOf(stream).length, soon).toBe(14)
  expect(recordsOf(stream)).toEqual(records)
  const ids = requestsTo(stream).map(({ requestId }) => requestId)
  expect(ids.length).toBeGreaterThan(2)
  expect(new Set(ids).size).toBe(ids.length)
}, 60_000)

test('the id of a request stays over retries and over replicas', async () => {
  const world = theWorld()
  const { stop } = await world.replica()
  const stream = await create(world, { retrySeconds: 600 })
  server.answer = (_, response) => void response.writeHead(500).end()
  await world.put(stream, 0, ['text'])
  await expect.poll(() => requestsTo(stream).length, soon).toBe(2)
  await stop(5000)
  await world.replica()
  await expect.poll(() => requestsTo(stream).length, soon).toBe(3)
  expect(new Set(requestsTo(stream).map(({ requestId }) => requestId)).size).toBe(1)
}, 60_000)

test('a URL that was corrected gets the next attempt, and 413 is not tried again', async () => {
  const world = theWorld()
  await world.replica()
  const stream = await create(world, { retrySeconds: 600 })
  server.answer = ({ headers }, response) => {
    if (headers.host !== undefined && server.requests('/right').length > 0) return acknowledge(response, '')
    response.writeHead(413).end('too large')
  }
  await world.put(stream, 0, ['large'])
  await expect
    .poll(async () => rawOf(await givenUp(world, stream, 'http-endpoint-failed/')), soon)
    .toEqual(['large'])
  expect(requestsTo(stream)).toHaveLength(1)
  server.answer = (_, response) => void response.writeHead(404).end()
  await world.put(stream, 0, ['text'])
  await expect.poll(() => requestsTo(stream).length, soon).toBe(2)
  server.answer = undefined
  const url = `${server.proxy.url}/${uniqueName('right')}`
  await world.change(stream.name, (before) => ({ ...before, endpoint: { ...before.endpoint!, url } }))
  const moved = { ...stream, endpoint: httpEndpoint(url) }
  await expect.poll(() => recordsOf(moved), soon).toEqual(['text'])
}, 60_000)

const json = { 'content-type': 'application/json' }
const answered = (requestId: string): string => JSON.stringify({ requestId, timestamp: Date.now() })
const withLength = (text: string) => ({ 'content-length': Buffer.byteLength(text) })

test.each<[string, string, (request: EndpointRequest, response: ServerResponse) => void]>([
  [
    'ResponseTooLarge',
    'endless',
    (_, response) => void response.writeHead(200, json).write(' '.repeat(4 << 20)),
  ],
  [
    'InvalidResponseFromDestination',
    'for another request',
    (_, response) => acknowledge(response, '00000000-0000-0000-0000-000000000000'),
  ],
  [
    'DestinationException',
    'a redirect to a private address',
    (_, response) => void response.writeHead(307, { location: 'http://169.254.169.254/' }).end(),
  ],
  [
    'InvalidResponseFromDestination',
    '200 with HTML',
    (_, response) =>
      void response.writeHead(200, { 'content-type': 'text/html', ...withLength('<p>') }).end('<p>'),
  ],
  [
    'InvalidResponseFromDestination',
    'a compressed bomb',
    (_, response) => {
      const bomb = gzipSync(Buffer.alloc(64 << 20))
      response
        .writeHead(200, { ...json, 'content-encoding': 'gzip', 'content-length': bomb.length })
        .end(bomb)
    },
  ],
  [
    'InvalidResponseFromDestination',
    'without a timestamp',
    ({ requestId }, response) => {
      const text = JSON.stringify({ requestId })
      response.writeHead(200, { ...json, ...withLength(text) }).end(text)
    },
  ],
  [
    'InvalidResponseFromDestination',
    'without a length',
    ({ requestId }, response) => void response.writeHead(200, json).end(answered(requestId)),
  ],
  ['DestinationException', '201', (_, response) => void response.writeHead(201).end()],
  [
    'DestinationException',
    'one that repeats the access key',
    ({ headers }, response) =>
      void response.writeHead(401).end(`wrong key ${headers['x-amz-firehose-access-key']}`),
  ],
])(
  '%s: an answer that is %s is a failure',
  async (code, _, answer) => {
    const world = theWorld()
    const { value } = await world.replica()
    const stream = await create(world, { accessKey: 'top-secret' })
    server.answer = answer
    await world.put(stream, 0, numbered(3))
    const lines = () => givenUp(world, stream, 'http-endpoint-failed/')
    await expect.poll(async () => (await lines()).length, soon).toBe(3)
    const [{ errorCode, errorMessage, attemptsMade }] = await lines()
    expect(errorCode).toBe(`HttpEndpoint.${code}`)
    expect(attemptsMade).toBe(1)
    expect(errorMessage).not.toContain('top-secret')
    expect(value.failureOf(stream)).toContain(code)
    expect(value.failureOf(stream)).not.toContain('top-secret')
  },
  60_000,
)

test.each([
  ['https://169.254.169.254/', 'HttpEndpoint.ConnectionFailed', 'refused-address'],
  ['https://127.0.0.1:1/', 'HttpEndpoint.ConnectionFailed', 'invalid-url'],
])(
  '%s is not reached',
  async (url, code, reason) => {
    const world = theWorld()
    await world.replica()
    const stream = await world.create({}, { partitions: 1, endpoint: httpEndpoint(url) })
    await world.put(stream, 0, ['text'])
    const lines = () => givenUp(world, stream, 'http-endpoint-failed/')
    await expect.poll(async () => (await lines()).length, soon).toBe(1)
    const [{ errorCode, errorMessage }] = await lines()
    expect(errorCode).toBe(code)
    expect(errorMessage).toContain(reason)
    expect([...(await world.objects(bucketOf(stream))).keys()][0]).toMatch(
      /^http-endpoint-failed\/\d{4}\/\d\d\/\d\d\/\d\d\//,
    )
  },
  60_000,
)
