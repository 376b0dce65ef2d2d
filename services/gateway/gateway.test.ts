import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { decode as decodeCbor } from 'cborg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { listen, type Server, startGateway } from './testing/gateway.ts'

const JSON_TYPE = 'application/x-amz-json-1.1'
const CBOR_TYPE = 'application/x-amz-cbor-1.1'
const FORM = 'application/x-www-form-urlencoded'
const KINESIS = { 'content-type': JSON_TYPE, 'x-amz-target': 'Kinesis_20131202.ListStreams' }
const MIB = 1 << 20

/** Answers with the name of the service, unless a test sets `answer`. */
const named =
  (name: string): RequestListener =>
  (request, response) => {
    request.resume().once('end', () => response.end(name))
  }
let answer: RequestListener | undefined
let hub: Server
let enricher: Server
let pricing: Server
let alerter: Server
let gateway: Server

beforeAll(async () => {
  hub = await listen((request, response) => (answer ?? named('ingest-hub'))(request, response))
  enricher = await listen(named('enricher'))
  pricing = await listen(named('pricing'))
  alerter = await listen(named('alerter'))
  gateway = await startGateway({
    hub: hub.url,
    enricher: enricher.url,
    pricing: pricing.url,
    alerter: alerter.url,
  })
})
afterEach(() => {
  answer = undefined
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([hub.close(), enricher.close(), pricing.close(), alerter.close()])
})

interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly to?: Server
}

interface Answered {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

async function ask({
  method = 'POST',
  path = '/',
  headers = {},
  body,
  to = gateway,
}: Asked): Promise<Answered> {
  const sent = httpRequest({ host: '127.0.0.1', port: to.port, method, path, headers })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode!, headers: response.headers, body: await bytesOf(response) }
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const scope = (service: string): string => `AKID/20300101/eu-central-1/${service}/aws4_request`
const signed = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${scope(service)}, SignedHeaders=host, Signature=00`,
})
const inQuery = (service: string): string =>
  `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(scope(service))}`
const IDENTITY = 'Action=GetCallerIdentity&Version=2011-06-15'

describe('a request', () => {
  test.each<[string, Asked, string]>([
    ['its target', { headers: KINESIS }, 'ingest-hub'],
    ['its target before its signature', { headers: { ...KINESIS, ...signed('lambda') } }, 'ingest-hub'],
    ['the scope of its signature', { path: '/any', headers: signed('lambda') }, 'enricher'],
    [
      'the scope with an unknown target',
      { headers: { 'x-amz-target': 'X.Y', ...signed('kinesis') } },
      'ingest-hub',
    ],
    ['the scope before its path', { path: '/2015-03-31/functions', headers: signed('sts') }, 'ingest-hub'],
    ['the scope in a presigned URL', { method: 'GET', path: `/?${inQuery('lambda')}` }, 'enricher'],
    ['the action in its query', { method: 'GET', path: `/?${IDENTITY}` }, 'ingest-hub'],
    ['the action in its form', { headers: { 'content-type': FORM }, body: IDENTITY }, 'ingest-hub'],
    [
      'the target of DynamoDB Streams',
      { headers: { 'x-amz-target': 'DynamoDBStreams_20120810.ListStreams', ...signed('dynamodb') } },
      'pricing',
    ],
    ['the target of Glue', { headers: { 'x-amz-target': 'AWSGlue.GetTables' } }, 'pricing'],
    [
      'the target of Firehose',
      { headers: { 'x-amz-target': 'Firehose_20150804.PutRecordBatch' } },
      'ingest-hub',
    ],
    ['the scope of Glue', { headers: signed('glue') }, 'pricing'],
    ['the action of a link in a message', { method: 'GET', path: '/?Action=Unsubscribe' }, 'alerter'],
    ['the path of a certificate', { method: 'GET', path: '/SimpleNotificationService-0a.pem' }, 'alerter'],
    ['the path of the code of a function', { method: 'GET', path: '/v1/functions/f/code/c' }, 'enricher'],
    ['the path of an endpoint', { path: '/endpoints/demand/invocations' }, 'pricing'],
    ['the path of a rule', { method: 'GET', path: '/rules/hot' }, 'ingest-hub'],
    ['a path without a folder', { method: 'GET', path: '/rules?maxResults=1' }, 'ingest-hub'],
    ['the topic of a message', { path: '/topics/a%2Fb?qos=1', headers: signed('iotdata') }, 'ingest-hub'],
    ['its path', { method: 'GET', path: '/2015-03-31/functions/?MaxItems=1' }, 'enricher'],
    [
      'its path, in a later version',
      { method: 'GET', path: '/2019-09-25/functions/f/event-invoke-config' },
      'enricher',
    ],
  ])('reaches the service of its API by %s', async (_, asked, name) => {
    const { status, body } = await ask(asked)
    expect([status, String(body)]).toEqual([200, name])
  })

  test.each<[string, Asked, number, string]>([
    [
      'neither a target nor a signature',
      { headers: { 'content-type': JSON_TYPE } },
      400,
      '"message":"This endpoint serves kinesis, firehose, iot, iotdata, sts, lambda, dynamodb, glue, sagemaker, sns; the request names none of them."',
    ],
    [
      'a signature for another service',
      { path: '/bucket', headers: signed('s3') },
      400,
      '<Message>This endpoint serves kinesis, firehose, iot, iotdata, sts, lambda, dynamodb, glue, sagemaker, sns; the request is for s3.</Message>',
    ],
    ['a target of another service', { headers: { 'x-amz-target': 'SQS.X' } }, 400, 'names none of them'],
    [
      'another path',
      { path: '/v2/apis', headers: { 'content-type': 'application/json' } },
      404,
      '{"message":"This endpoint',
    ],
    [
      'the form of another API',
      { headers: { 'content-type': FORM }, body: 'Action=A&Version=1' },
      400,
      '<Message>This endpoint',
    ],
    [
      'a form that is too long',
      { headers: { 'content-type': FORM }, body: 'x'.repeat(100_000) },
      413,
      'Too Large',
    ],
  ])('with %s gets an error', async (_, asked, wanted, text) => {
    const { status, headers, body } = await ask(asked)
    expect(String(body)).toContain(text)
    expect(status).toBe(wanted)
    expect(headers).toMatchObject({
      'x-amzn-requestid': expect.any(String),
      'x-amzn-errortype': expect.any(String),
    })
  })
})

/** Sends bytes unchanged, and returns all bytes received until the connection closes. */
async function raw(text: string): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1')
  socket.write(text)
  return String(await bytesOf(socket))
}

describe('the headers of', () => {
  const seen: string[][] = []
  const keep: RequestListener = (request, response) => {
    seen.push(request.rawHeaders)
    response.writeHead(200, [
      'X-Amzn-RequestId',
      'a',
      'x-twice',
      '1',
      'x-twice',
      '2',
      'Connection',
      'x-hop, close',
      'X-Hop',
      '1',
    ])
    response.end('done')
  }
  const sent = async (head: string): Promise<string[]> => {
    answer = keep
    await raw(head)
    return seen.pop()!
  }

  test('a request arrive as sent, except for those of the connection', async () => {
    const headers = await sent(
      'GET / HTTP/1.1\r\nHost: kinesis.eu-central-1.amazonaws.com\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\nX-CaSe: a  b\r\n' +
        'x-twice: 1\r\nx-twice: 2\r\nX-Forwarded-For: 1.2.3.4\r\nTE: trailers\r\nX-Hop: 1\r\nConnection: close\r\nConnection: x-hop\r\n\r\n',
    )
    expect(headers).toEqual(
      [
        ...['Host', 'kinesis.eu-central-1.amazonaws.com', 'connection', 'keep-alive'],
        ...['X-Amz-Target', 'Kinesis_20131202.ListStreams', 'X-CaSe', 'a  b', 'x-twice', '1', 'x-twice', '2'],
        ...['X-Forwarded-For', '1.2.3.4', 'Via', '1.1 weir-gateway'],
      ].map((text, i) => (i === 0 ? 'host' : text)),
    )
  })

  test('a request keep those by which services admit requests without a key', async () => {
    const headers = await sent(
      'GET / HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\nX-Amz-Target: Kinesis_20131202.X\r\n' +
        'Connection: close, host, origin, sec-fetch-site\r\n\r\n',
    )
    expect(headers).toEqual(expect.arrayContaining(['evil.example', 'Origin', 'Sec-Fetch-Site']))
    // The gateway must not put in its own name of the service, which would count as local.
    const bare = await sent('GET / HTTP/1.0\r\nX-Amz-Target: Kinesis_20131202.X\r\n\r\n')
    expect(bare.slice(0, 2)).toEqual(['host', ''])
  })

  test('an answer are returned as sent, except for those of the connection', async () => {
    answer = keep
    const text = await raw(
      'GET / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: Kinesis_20131202.X\r\nConnection: close\r\n\r\n',
    )
    expect(text).toContain('\r\nX-Amzn-RequestId: a\r\nx-twice: 1\r\nx-twice: 2\r\n')
    expect(text).not.toMatch(/x-hop/i)
    expect(text).toMatch(/\r\n\r\n(4\r\n)?done/)
  })

  test('a request that has passed a gateway cause a refusal', async () => {
    const { status, body } = await ask({ headers: { ...KINESIS, via: '1.1 weir-gateway' } })
    expect([status, String(body)]).toEqual([
      508,
      expect.stringContaining('the URLs of services must not point to a gateway'),
    ])
  })
})

test.each(['OPTIONS *', 'GET http://other.example/2015-03-31/functions', 'GET /%zz', 'GET /\x7f'])(
  'the request line %s is answered with an error',
  async (line) => {
    expect(await raw(`${line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 4\d\d /)
  },
)

test('a body with conflicting lengths is refused', async () => {
  const text = await raw(
    'POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: Kinesis_20131202.X\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  )
  expect(text).toMatch(/^HTTP\/1.1 400 /)
})

/** Sends a request over HTTP/2 without TLS. */
async function askHttp2(headers: Readonly<Record<string, string>>, body?: Buffer): Promise<Answered> {
  const session = connectHttp2(gateway.url)
  const stream = session.request({ ':method': 'POST', ':path': '/', ...headers })
  stream.end(body)
  try {
    const [answered] = (await once(stream, 'response')) as [Record<string, string>]
    return { status: Number(answered[':status']), headers: answered, body: await bytesOf(stream) }
  } finally {
    session.destroy()
  }
}

describe.each([
  ['HTTP/1.1', (headers: Asked['headers'], body?: Buffer) => ask({ headers, body })],
  ['HTTP/2', askHttp2],
] as const)('over %s', (_, send) => {
  test('a body of megabytes is passed in both directions, with a known length and in chunks', async () => {
    const body = Buffer.alloc((inject('thorough') ? 10 : 3) * MIB, 'abcdefghijk')
    answer = async (request, response) => {
      const bytes = await bytesOf(request)
      response.setHeader('x-sha256', createHash('sha256').update(bytes).digest('hex'))
      response.end(bytes)
    }
    for (const length of [{ 'content-length': String(body.length) }, {}]) {
      const answered = await send({ ...KINESIS, ...length } as never, body)
      expect(answered.headers['x-sha256']).toBe(createHash('sha256').update(body).digest('hex'))
      expect(answered.body.equals(body)).toBe(true)
    }
  })

  test('an answer without a body is passed on, and so is a request without one', async () => {
    answer = (request, response) =>
      response.writeHead(204, { 'x-length': String(request.headers['content-length']) }).end()
    const { status, headers, body } = await send(KINESIS as never)
    expect([status, body.length, headers['x-length']]).toEqual([204, 0, '0'])
  })

  test("an answer that comes before the end of the request's body is passed on", async () => {
    answer = (_request, response) => response.writeHead(413, { 'content-length': '3' }).end('No.')
    const { status, body } = await send(KINESIS as never, Buffer.alloc(4 * MIB))
    expect([status, String(body)]).toEqual([413, 'No.'])
  })

  test('a request to a service that is down is answered with ServiceUnavailable', async () => {
    const gone = await listen(() => {})
    await gone.close()
    const other = await startGateway({
      hub: gone.url,
      enricher: enricher.url,
      pricing: pricing.url,
      alerter: alerter.url,
    })
    try {
      const [text, plain] = [
        await ask({ headers: KINESIS, body: '{}', to: other }),
        await ask({ path: '/?A=1', headers: { ...signed('sts'), 'content-type': FORM }, to: other }),
      ]
      expect(text).toMatchObject({ status: 503, headers: { 'retry-after': '1', 'content-type': JSON_TYPE } })
      expect(JSON.parse(String(text.body))).toEqual({
        __type: 'ServiceUnavailable',
        message: 'The service ingest-hub cannot be reached now; send the request again.',
      })
      const cbor = await ask({ headers: { ...KINESIS, 'content-type': CBOR_TYPE }, body: 'x', to: other })
      expect(decodeCbor(cbor.body)).toMatchObject({ __type: 'ServiceUnavailable' })
      expect(String(plain.body)).toMatch(
        /<Code>ServiceUnavailable<\/Code><Message>The service ingest-hub cannot/,
      )
      expect((await ask({ path: '/2015-03-31/functions', method: 'GET', to: other })).status).toBe(200)
    } finally {
      await other.close()
    }
  })
})
