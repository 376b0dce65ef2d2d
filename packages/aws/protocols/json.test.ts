import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:http2'
import { Sha256 } from '@aws-crypto/sha256-js'
import {
  CreateStreamCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListStreamsCommand,
  PutRecordsCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { SignatureV4 } from '@smithy/signature-v4'
import { Admission, type HttpServer, logger, openHttp, type Resource } from '@weir/service'
import { decode as cborDecode, encode as cborEncode } from 'cborg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ANONYMOUS, type AwsClient, clientOf, parseAccessKeys } from '../access-key-file.ts'
import type { AwsAccess } from '../access-keys.ts'
import { api } from '../api.ts'
import { type AwsContext, type AwsOperations, HIJACKED } from '../context.ts'
import { awsDoor } from '../door.ts'
import { AwsError } from '../errors.ts'
import { openEventStream } from '../event-stream.ts'
import { kinesisModel } from '../models/kinesis.ts'

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET }
const STREAM = 'arn:aws:kinesis:eu-central-1:123456789012:stream'
const JSON_TYPE = 'application/x-amz-json-1.1'
const CBOR_TYPE = 'application/x-amz-cbor-1.1'
const BODY_BYTES = 100_000

let heard: { input: Record<string, unknown>; context: AwsContext } | undefined
const operations: AwsOperations = {
  ListStreams: () => ({ HasMoreStreams: false, StreamNames: [] }),
  CreateStream: () => undefined,
  PutRecords(input: { StreamName: string; Records: { Data: Buffer }[] }, context) {
    heard = { input: input as unknown as Record<string, unknown>, context }
    context.authorize(`${STREAM}/${input.StreamName}`)
    return {
      FailedRecordCount: 0,
      Records: input.Records.map((_, i) => ({ SequenceNumber: String(i), ShardId: 'shardId-000000000000' })),
    }
  },
  GetShardIterator() {
    throw new AwsError('ResourceNotFoundException', 'Stream x under account 123456789012 not found.')
  },
  DescribeLimits() {
    throw new Error('boom')
  },
  async SubscribeToShard(_input: object, context) {
    const events = openEventStream(context)
    await events.send('SubscribeToShardEvent', {
      Records: [
        {
          Data: Buffer.from('hello'),
          PartitionKey: 'k',
          SequenceNumber: '1',
          ApproximateArrivalTimestamp: new Date(1459799926480),
        },
      ],
      ContinuationSequenceNumber: '1',
      MillisBehindLatest: 0,
    })
    await events.fail(new AwsError('ResourceInUseException', 'Another one took over.'))
    events.end()
    return HIJACKED
  },
}

const clients = new Map<string, AwsClient>(
  parseAccessKeys(JSON.stringify([{ ...CREDENTIALS, streams: ['orders'] }])).clients,
)
let anonymous: AwsAccess['anonymous']
const access: AwsAccess = {
  client: (accessKeyId) => clients.get(accessKeyId),
  get anonymous() {
    return anonymous
  },
}

/** Alone, a client gets three quarters of it: 97,500 bytes, of which the request itself takes 16 KiB. */
const admission = new Admission(130_000)
let server: Resource<HttpServer>
let port = 0
const errors = vi.fn()
beforeAll(async () => {
  const log = logger('test')
  log.level = 'silent'
  server = await openHttp(
    { host: '127.0.0.1', port: 0 },
    {
      log,
      ready: {},
      admission,
      routes: async (app) => {
        app.addHook('onRequest', async (request) => {
          request.log.error = errors
        })
        await app.register(
          awsDoor({ access, account: { region: 'eu-central-1', accountId: '123456789012' } }, [
            api(kinesisModel, operations, { maxBodyBytes: BODY_BYTES }),
          ]),
        )
      },
    },
  )
  port = server.value.port
})
afterAll(() => server.stop(1000))

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly body: unknown
}

interface Options {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  readonly noSign?: boolean
}

async function ask({
  method = 'POST',
  path = '/',
  headers = {},
  body = '',
  noSign = false,
}: Options = {}): Promise<Answer> {
  const bare = {
    method,
    protocol: 'http:',
    hostname: '127.0.0.1',
    path,
    query: {},
    body,
    headers: { host: `127.0.0.1:${port}`, ...headers },
  }
  const signer = new SignatureV4({
    service: 'kinesis',
    region: 'eu-central-1',
    sha256: Sha256,
    credentials: CREDENTIALS,
  })
  const all = noSign ? bare.headers : (await signer.sign(bare)).headers
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers: all }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const type = String(response.headers['content-type'])
        const parsed: unknown =
          bytes.length === 0
            ? ''
            : type === CBOR_TYPE
              ? cborDecode(bytes)
              : type.includes('json')
                ? JSON.parse(bytes.toString())
                : bytes.toString()
        resolve({ status: response.statusCode!, headers: response.headers, bytes, body: parsed })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

const target = (operation: string, type = JSON_TYPE): Record<string, string> => ({
  'content-type': type,
  'x-amz-target': `Kinesis_20131202.${operation}`,
})
const call = (operation: string, input: object): Promise<Answer> =>
  ask({ headers: target(operation), body: JSON.stringify(input) })

function expectAnswer(
  { status, headers, bytes, body }: Answer,
  [wantedStatus, type, wanted]: [number, string | undefined, unknown],
): void {
  expect(body).toEqual(wanted)
  expect(status).toBe(wantedStatus)
  expect(headers['content-type']).toBe(type)
  expect(headers['content-length']).toBe(String(bytes.length))
  expect(headers['x-amzn-requestid']).toMatch(
    /^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/,
  )
  expect(Buffer.from(String(headers['x-amz-id-2']), 'base64').length).toBe(72)
  expect(headers.date).toBeDefined()
}

const DENIED: [number, undefined, string] = [
  403,
  undefined,
  '<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n',
]
const UNKNOWN_CBOR: [number, string, unknown] = [400, CBOR_TYPE, { __type: 'UnknownOperationException' }]
const UNKNOWN_JSON: [number, string, unknown] = [400, JSON_TYPE, { __type: 'UnknownOperationException' }]
const NO_CBOR: [number, string, unknown] = [400, CBOR_TYPE, { __type: 'SerializationException' }]
const NO_JSON: [number, string, unknown] = [400, JSON_TYPE, { __type: 'SerializationException' }]
const old = (status: number, code: string): [number, string, unknown] => [
  status,
  'application/json',
  { Output: { __type: `com.amazon.coral.service#${code}` }, Version: '1.0' },
]
const MISSING: [number, string, unknown] = [
  400,
  JSON_TYPE,
  { __type: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' },
]
const TOO_COMPLEX: [number, string, unknown] = [
  400,
  JSON_TYPE,
  { __type: 'SerializationException', Message: 'The request is too complex' },
]
const LIST = { 'x-amz-target': 'Kinesis_20131202.ListStreams' }

test.each<[string, Options, [number, string | undefined, unknown]]>([
  ['POST without anything, unsigned', { noSign: true }, UNKNOWN_CBOR],
  ['GET', { method: 'GET' }, DENIED],
  ['GET, unsigned', { method: 'GET', noSign: true }, DENIED],
  ['PUT', { method: 'PUT' }, DENIED],
  ['PATCH', { method: 'PATCH', body: '{}' }, DENIED],
  ['DELETE', { method: 'DELETE' }, DENIED],
  ['OPTIONS without origin', { method: 'OPTIONS' }, DENIED],
  ['POST without a body', {}, UNKNOWN_CBOR],
  ['a body without a type', { body: '{}' }, DENIED],
  [
    'a body without a type that has a target',
    { body: '{}', headers: LIST },
    [404, undefined, '<UnknownOperationException/>\n'],
  ],
  ['JSON 1.0', { headers: { 'content-type': 'application/x-amz-json-1.0' } }, UNKNOWN_CBOR],
  ['a type that is none', { headers: { 'content-type': ';;,' }, body: '{}' }, DENIED],
  ['a target that is none', { headers: { 'x-amz-target': 'Whatever' } }, UNKNOWN_CBOR],
  ['an empty operation', { headers: { 'x-amz-target': 'Kinesis_20131202.' } }, UNKNOWN_CBOR],
  ['a random service', { headers: { 'x-amz-target': 'Whatever.Whatever' } }, UNKNOWN_CBOR],
  [
    'an operation of the model that nobody does',
    { headers: target('DescribeQueue'), body: '{}' },
    UNKNOWN_JSON,
  ],
  ['a name of the inside', { headers: target('constructor'), body: '{}' }, UNKNOWN_JSON],
  ['no type and no body', { headers: LIST }, NO_CBOR],
  ['JSON without a target', { headers: { 'content-type': JSON_TYPE } }, UNKNOWN_JSON],
  ['JSON without a target, unsigned', { headers: { 'content-type': JSON_TYPE }, noSign: true }, UNKNOWN_JSON],
  ['old JSON without a target and a body', { headers: { 'content-type': 'application/json' } }, UNKNOWN_CBOR],
  ['old JSON without a body', { headers: { ...LIST, 'content-type': 'application/json' } }, NO_CBOR],
  ['no body', { headers: target('ListStreams') }, NO_JSON],
  ['no body, unsigned', { headers: target('ListStreams'), noSign: true }, NO_JSON],
  [
    'a body that is no JSON, unsigned',
    { headers: target('ListStreams'), body: 'hello', noSign: true },
    NO_JSON,
  ],
  ['a body that is no structure', { headers: target('ListStreams'), body: 'true' }, NO_JSON],
  [
    'old JSON',
    { headers: target('ListStreams', 'application/json'), body: '{}', noSign: true },
    old(404, 'UnknownOperationException'),
  ],
  [
    'old JSON that is none',
    { headers: target('ListStreams', '     application/json     ;'), body: 'hello', noSign: true },
    old(400, 'SerializationException'),
  ],
  ['no signature', { headers: target('ListStreams'), body: '{}', noSign: true }, MISSING],
  [
    'no signature, a type with spaces',
    { headers: target('ListStreams', '   application/x-amz-json-1.1   ;whatever'), body: '{}', noSign: true },
    MISSING,
  ],
  [
    'parameters without X-Amz-Algorithm',
    {
      path: '/?X-Amz-Credential=a&X-Amz-Signature=b',
      headers: target('ListStreams'),
      body: '{}',
      noSign: true,
    },
    MISSING,
  ],
  [
    'two signatures',
    {
      path: '/?X-Amz-Algorithm',
      headers: { ...target('ListStreams'), Authorization: 'X' },
      body: '{}',
      noSign: true,
    },
    [
      400,
      JSON_TYPE,
      {
        __type: 'InvalidSignatureException',
        message: "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
      },
    ],
  ],
  [
    'everything right',
    { headers: target('ListStreams'), body: '{}' },
    [200, JSON_TYPE, { HasMoreStreams: false, StreamNames: [] }],
  ],
  [
    'everything right in CBOR',
    { headers: target('ListStreams', CBOR_TYPE), body: Buffer.from(cborEncode({})) },
    [200, CBOR_TYPE, { HasMoreStreams: false, StreamNames: [] }],
  ],
  [
    'an operation without an output',
    { headers: target('CreateStream'), body: '{"StreamName":"a","ShardCount":1}' },
    [200, JSON_TYPE, ''],
  ],
  [
    'a value of a wrong type',
    { headers: target('ListStreams'), body: '{"Limit":"1"}' },
    [
      400,
      JSON_TYPE,
      {
        __type: 'SerializationException',
        Message: 'class java.lang.String can not be converted to an Integer',
      },
    ],
  ],
  [
    'a constraint',
    { headers: target('ListStreams', CBOR_TYPE), body: Buffer.from(cborEncode({ Limit: 0 })) },
    [
      400,
      CBOR_TYPE,
      {
        __type: 'ValidationException',
        message:
          "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
      },
    ],
  ],
  [
    'an error of the operation',
    {
      headers: target('GetShardIterator'),
      body: '{"StreamName":"x","ShardId":"s","ShardIteratorType":"LATEST"}',
    },
    [
      400,
      JSON_TYPE,
      { __type: 'ResourceNotFoundException', message: 'Stream x under account 123456789012 not found.' },
    ],
  ],
  [
    'a failure inside',
    { headers: target('DescribeLimits'), body: '{}' },
    [500, JSON_TYPE, { __type: 'InternalFailure' }],
  ],
  [
    "a stream that is not the client's",
    {
      headers: target('PutRecords'),
      body: '{"StreamName":"other","Records":[{"Data":"","PartitionKey":"k"}]}',
    },
    [
      400,
      JSON_TYPE,
      {
        __type: 'AccessDeniedException',
        Message:
          `User: arn:aws:iam::123456789012:user/AKIDEXAMPLE is not authorized to perform: kinesis:PutRecords on resource: ${STREAM}/other ` +
          'because no identity-based policy allows the kinesis:PutRecords action',
      },
    ],
  ],
  [
    'a body that is too long',
    { headers: target('ListStreams'), body: 'x'.repeat(BODY_BYTES + 1) },
    [413, JSON_TYPE, { __type: 'RequestEntityTooLargeException', message: 'Request Entity Too Large' }],
  ],
  [
    'a body that nests too deep',
    { headers: target('ListStreams'), body: `{"a":${'['.repeat(100)}` },
    TOO_COMPLEX,
  ],
  [
    'a body of too many names',
    {
      headers: target('ListStreams'),
      body: JSON.stringify(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`n${i}`, 0]))),
    },
    TOO_COMPLEX,
  ],
  [
    'a long body of an unknown client, which is not read',
    { headers: target('ListStreams'), body: 'x'.repeat(BODY_BYTES), noSign: true },
    MISSING,
  ],
  [
    'no room',
    { headers: target('ListStreams'), body: 'x'.repeat(90_000) },
    [503, JSON_TYPE, { __type: 'ServiceUnavailable', message: expect.any(String) }],
  ],
  [
    'no room for a body that was not announced',
    { headers: { ...target('ListStreams'), 'transfer-encoding': 'chunked' }, body: 'x'.repeat(90_000) },
    [503, JSON_TYPE, { __type: 'ServiceUnavailable', message: expect.any(String) }],
  ],
])('%s', async (_name, options, wanted) => {
  const answer = await ask(options)
  expectAnswer(answer, wanted)
  const body = wanted[2] as { __type?: string }
  expect(answer.headers['x-amzn-errortype']).toEqual(
    wanted[0] === 200 ? undefined : (body.__type ?? expect.any(String)),
  )
})

test('what fails inside is logged without the body, and its room is given back', async () => {
  await call('DescribeLimits', {})
  expect(errors).toHaveBeenLastCalledWith(
    expect.objectContaining({ operation: 'DescribeLimits' }),
    'an operation failed inside',
  )
  expect(JSON.stringify(errors.mock.lastCall)).not.toContain('Signature')
  await expect.poll(() => admission.usedBytes).toBe(0)
})

test('operations get their input as the model says, and who sent it', async () => {
  const { status } = await call('PutRecords', {
    StreamName: 'orders',
    Records: [{ Data: 'aGVsbG8=', PartitionKey: 'k' }],
    Unknown: 1,
  })
  expect(status).toBe(200)
  expect(heard!.input).toEqual({
    StreamName: 'orders',
    Records: [{ Data: Buffer.from('hello'), PartitionKey: 'k' }],
  })
  const { client, operation, encoding, region } = heard!.context
  expect({ name: client.name, operation, encoding, region }).toEqual({
    name: 'AKIDEXAMPLE',
    operation: 'PutRecords',
    encoding: 'json',
    region: 'eu-central-1',
  })
  expect([heard!.context.may(`${STREAM}/orders`), heard!.context.may(`${STREAM}/other`)]).toEqual([
    true,
    false,
  ])
})

test('browsers of any origin', async () => {
  const asked = {
    origin: 'whatever',
    'access-control-request-headers': 'a, b, c',
    'access-control-request-method': 'd',
  }
  const preflight = await ask({ method: 'OPTIONS', noSign: true, headers: asked })
  expect(preflight.status).toBe(200)
  expect(preflight.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'a, b, c',
    'access-control-allow-methods': 'd',
    'access-control-max-age': '172800',
    'content-length': '0',
  })
  expect(preflight.headers['x-amz-id-2']).toBeUndefined()
  expect(preflight.headers['content-type']).toBeUndefined()
  const post = await ask({ headers: { origin: 'whatever' } })
  expectAnswer(post, UNKNOWN_CBOR)
  expect(post.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-expose-headers':
      'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date',
  })
})

test('if unsigned requests may come in, a wrong signature is still wrong, and pages from elsewhere are kept out', async () => {
  anonymous = ANONYMOUS
  expect((await ask({ headers: target('ListStreams'), body: '{}', noSign: true })).status).toBe(200)
  expect(
    (await ask({ headers: { ...target('ListStreams'), authorization: 'X' }, body: '{}', noSign: true })).body,
  ).toMatchObject({ __type: 'IncompleteSignatureException' })
  const page = { origin: 'http://evil.example' }
  const refused = await ask({ headers: { ...target('ListStreams'), ...page }, body: '{}', noSign: true })
  expect([refused.body, refused.headers['access-control-allow-origin']]).toEqual([
    { __type: 'AccessDeniedException', Message: expect.stringContaining('localhost') },
    undefined,
  ])
  expect(
    (await ask({ headers: { ...target('ListStreams'), host: 'evil.example' }, body: '{}', noSign: true }))
      .body,
  ).toMatchObject({ __type: 'AccessDeniedException' })
  const preflight = await ask({
    method: 'OPTIONS',
    noSign: true,
    headers: { ...page, 'access-control-request-method': 'POST' },
  })
  expect([
    preflight.status,
    preflight.headers['access-control-allow-origin'],
    preflight.headers['access-control-allow-methods'],
  ]).toEqual([403, undefined, undefined])
  const local = await ask({
    headers: { ...target('ListStreams'), origin: 'http://localhost:8084' },
    body: '{}',
    noSign: true,
  })
  expect([local.status, local.headers['access-control-allow-origin']]).toEqual([200, '*'])
  // Its key is not secret, and whoever has one of their own may come from anywhere.
  clients.set(
    'test',
    clientOf({ accessKeyId: 'test', secretAccessKey: 'test' }, () => true),
  )
  const guessed = new SignatureV4({
    service: 'kinesis',
    region: 'eu-central-1',
    sha256: Sha256,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
  const { headers } = await guessed.sign({
    method: 'POST',
    protocol: 'http:',
    hostname: '127.0.0.1',
    path: '/',
    query: {},
    body: '{}',
    headers: { host: `127.0.0.1:${port}`, ...target('ListStreams') },
  })
  expect((await ask({ headers, body: '{}', noSign: true })).status).toBe(200)
  expect((await ask({ headers: { ...headers, ...page }, body: '{}', noSign: true })).body).toMatchObject({
    __type: 'AccessDeniedException',
  })
  expect((await ask({ headers: { ...target('ListStreams'), ...page }, body: '{}' })).status).toBe(200)
  anonymous = undefined
})

const sdk = (credentials = CREDENTIALS): KinesisClient =>
  new KinesisClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    credentials,
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  })

test("AWS's own client", async () => {
  const client = sdk()
  expect(await client.send(new ListStreamsCommand({}))).toMatchObject({
    HasMoreStreams: false,
    StreamNames: [],
  })
  const Records = [
    { Data: Buffer.from([0, 255]), PartitionKey: 'ü' },
    { Data: Buffer.from('b'), PartitionKey: 'b', ExplicitHashKey: '0' },
  ]
  expect(await client.send(new PutRecordsCommand({ StreamName: 'orders', Records }))).toMatchObject({
    FailedRecordCount: 0,
    Records: [{ SequenceNumber: '0' }, { SequenceNumber: '1' }],
  })
  expect(heard!.input.Records).toEqual(Records)
  await client.send(new CreateStreamCommand({ StreamName: 'new', ShardCount: 1 }))
  await expect(
    client.send(
      new GetShardIteratorCommand({
        StreamName: 'x',
        ShardId: 's',
        ShardIteratorType: 'AT_TIMESTAMP',
        Timestamp: new Date(),
      }),
    ),
  ).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'Stream x under account 123456789012 not found.',
  })
  await expect(client.send(new PutRecordsCommand({ StreamName: 'other', Records }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining('is not authorized to perform'),
  })
  await expect(
    sdk({ ...CREDENTIALS, secretAccessKey: 'wrong' }).send(new ListStreamsCommand({})),
  ).rejects.toMatchObject({ name: 'InvalidSignatureException' })
  await expect(
    sdk({ ...CREDENTIALS, accessKeyId: 'OTHER' }).send(new ListStreamsCommand({})),
  ).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
})

test("AWS's own client reads event streams", async () => {
  const { EventStream } = await sdk().send(
    new SubscribeToShardCommand({
      ConsumerARN: `${STREAM}/orders/consumer/c:1`,
      ShardId: 's',
      StartingPosition: { Type: 'LATEST' },
    }),
  )
  const events: unknown[] = []
  const reading = (async () => {
    for await (const event of EventStream!) events.push(event)
  })()
  await expect(reading).rejects.toMatchObject({
    name: 'ResourceInUseException',
    message: 'Another one took over.',
  })
  expect(events).toMatchObject([
    {
      SubscribeToShardEvent: {
        Records: [
          {
            Data: new Uint8Array(Buffer.from('hello')),
            PartitionKey: 'k',
            ApproximateArrivalTimestamp: new Date(1459799926480),
          },
        ],
        MillisBehindLatest: 0,
      },
    },
  ])
})

test('HTTP/2', async () => {
  const host = `127.0.0.1:${port}`
  const signer = new SignatureV4({
    service: 'kinesis',
    region: 'eu-central-1',
    sha256: Sha256,
    credentials: CREDENTIALS,
  })
  const request = {
    method: 'POST',
    protocol: 'http:',
    hostname: '127.0.0.1',
    path: '/',
    query: {},
    body: '{}',
    headers: { host, ...target('ListStreams') },
  }
  const { host: _, ...headers } = (await signer.sign(request)).headers
  const session = connect(`http://${host}`)
  const stream = session.request({ ':method': 'POST', ':path': '/', ...headers })
  stream.end('{}')
  const status = await new Promise((resolve) => {
    stream.once('response', (answer) => resolve(answer[':status']))
  })
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  session.close()
  expect([status, JSON.parse(Buffer.concat(chunks).toString())]).toEqual([
    200,
    { HasMoreStreams: false, StreamNames: [] },
  ])
})
