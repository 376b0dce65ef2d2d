import {
  CreateEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda'
import { type HttpServer, logger, openHttp, type Resource } from '@weir/service'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ANONYMOUS, parseAccessKeys } from '../access-key-file.ts'
import type { AwsAccess } from '../access-keys.ts'
import { api } from '../api.ts'
import type { AwsContext, AwsOperations } from '../context.ts'
import { awsDoor } from '../door.ts'
import { AwsError } from '../errors.ts'
import { lambdaModel } from '../models/lambda.ts'
import { signatureHeaders } from '../sigv4/sign.ts'
import { pathMatcher } from './rest-route.ts'

const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const REGION = 'eu-central-1'
const FUNCTION = `arn:aws:lambda:${REGION}:123456789012:function`
const BODY_BYTES = 10_000

let heard: { input: Record<string, unknown>; context: AwsContext } | undefined
const hear = (input: unknown, context: AwsContext): void => {
  heard = { input: input as Record<string, unknown>, context }
}
const operations: AwsOperations = {
  Invoke(input: { FunctionName: string; Payload?: Buffer }, context) {
    hear(input, context)
    context.authorize(`${FUNCTION}:${input.FunctionName.split(':').at(-1)!}`)
    if (input.FunctionName === 'offers-busy')
      throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429, {
        Reason: 'CallerRateLimitExceeded',
        retryAfterSeconds: '7',
      })
    if (input.FunctionName === 'offers-dry') return { StatusCode: 204 }
    return { StatusCode: 200, FunctionError: 'Handled', ExecutedVersion: '$LATEST', Payload: input.Payload }
  },
  ListFunctions(input: object, context) {
    hear(input, context)
    return { Functions: [{ FunctionName: 'offers' }], NextMarker: 'x' }
  },
  CreateEventSourceMapping(input: object, context) {
    hear(input, context)
    return { UUID: 'u', LastModified: new Date(1459799926480) }
  },
  UpdateEventSourceMapping(input: object, context) {
    hear(input, context)
    throw new Error('boom')
  },
  GetEventSourceMapping() {
    throw new AwsError('ResourceNotFoundException', 'The resource you requested does not exist.', 404)
  },
}

const { clients, problems } = parseAccessKeys(
  JSON.stringify([{ ...CREDENTIALS, streams: [], functions: ['offers*'], actions: ['lambda:*'] }]),
)
let anonymous: AwsAccess['anonymous']
const access: AwsAccess = {
  client: (accessKeyId) => clients.get(accessKeyId),
  get anonymous() {
    return anonymous
  },
}

let server: Resource<HttpServer>
let url = ''
const errors = vi.fn()
beforeAll(async () => {
  expect(problems).toEqual([])
  const log = logger('test')
  log.level = 'silent'
  server = await openHttp(
    { host: '127.0.0.1', port: 0 },
    {
      log,
      ready: {},
      routes: async (app) => {
        app.addHook('onRequest', async (request) => {
          request.log.error = errors
        })
        await app.register(
          awsDoor({ access, account: { region: REGION, accountId: '123456789012' } }, [
            api(lambdaModel, operations, {
              actions: { Invoke: 'lambda:InvokeFunction' },
              payloadTypes: { Invoke: 'application/json' },
              maxBodyBytes: BODY_BYTES,
              maxBodyBytesOf: { CreateEventSourceMapping: 2 * BODY_BYTES },
            }),
          ]),
        )
      },
    },
  )
  url = server.value.url
})
afterAll(() => server.stop(1000))

const sdk = (credentials = CREDENTIALS): LambdaClient =>
  new LambdaClient({ endpoint: url, region: REGION, credentials: { ...credentials }, maxAttempts: 1 })

/** Signed as the `weir` command does. */
function ask(method: string, path: string, body?: string): Promise<Response> {
  const target = new URL(`${url}${path}`)
  const headers = signatureHeaders(
    { method, url: target, headers: { 'content-type': 'application/json' }, body },
    CREDENTIALS,
    REGION,
    'lambda',
  )
  return fetch(target, { method, headers, body })
}

test("AWS's own client sends labels, query, headers and blobs", async () => {
  const Payload = Buffer.from('{"a":"ü"}')
  const name = `${FUNCTION}:offers-${'x'.repeat(57)}`
  const answer = await sdk().send(
    new InvokeCommand({
      FunctionName: name,
      Qualifier: '$LATEST',
      InvocationType: 'RequestResponse',
      LogType: 'Tail',
      ClientContext: 'e30=',
      Payload,
    }),
  )
  expect(heard!.input).toEqual({
    FunctionName: name,
    Qualifier: '$LATEST',
    InvocationType: 'RequestResponse',
    LogType: 'Tail',
    ClientContext: 'e30=',
    Payload,
  })
  expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Handled', ExecutedVersion: '$LATEST' })
  expect(Buffer.from(answer.Payload!).toString()).toBe('{"a":"ü"}')
  expect(
    (await sdk().send(new InvokeCommand({ FunctionName: 'offers-dry', InvocationType: 'DryRun' })))
      .StatusCode,
  ).toBe(204)
  expect(heard!.input).toEqual({ FunctionName: 'offers-dry', InvocationType: 'DryRun' })
  expect(await sdk().send(new ListFunctionsCommand({ MaxItems: 7, Marker: 'a b/+' }))).toMatchObject({
    NextMarker: 'x',
    Functions: [{ FunctionName: 'offers' }],
  })
  expect(heard!.input).toEqual({ MaxItems: 7, Marker: 'a b/+' })
})

test("AWS's own client sends and gets bodies", async () => {
  const input = {
    FunctionName: 'offers',
    Topics: ['orders'],
    StartingPosition: 'AT_TIMESTAMP',
    StartingPositionTimestamp: new Date(1459799926000),
    Tags: { 'weir:output': 'out' },
  } as const
  const { $metadata, ...answer } = await sdk().send(
    new CreateEventSourceMappingCommand({ ...input, Topics: [...input.Topics] }),
  )
  expect($metadata.httpStatusCode).toBe(202)
  expect(answer).toEqual({ UUID: 'u', LastModified: new Date(1459799926480) })
  expect(heard!.input).toEqual(input)
})

test("AWS's own client gets the errors", async () => {
  await expect(sdk().send(new InvokeCommand({ FunctionName: 'other' }))).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining('is not authorized to perform: lambda:InvokeFunction'),
    $metadata: { httpStatusCode: 403 },
  })
  await expect(sdk().send(new InvokeCommand({ FunctionName: 'offers-busy' }))).rejects.toMatchObject({
    name: 'TooManyRequestsException',
    message: 'Rate Exceeded.',
    Reason: 'CallerRateLimitExceeded',
    retryAfterSeconds: '7',
    $metadata: { httpStatusCode: 429 },
  })
  await expect(sdk().send(new GetEventSourceMappingCommand({ UUID: 'a/b' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'The resource you requested does not exist.',
    Type: 'User',
    $metadata: { httpStatusCode: 404 },
  })
  await expect(sdk().send(new UpdateEventSourceMappingCommand({ UUID: 'u' }))).rejects.toMatchObject({
    name: 'InternalFailure',
    $metadata: { httpStatusCode: 500 },
  })
  expect(errors).toHaveBeenLastCalledWith(
    expect.objectContaining({ operation: 'UpdateEventSourceMapping' }),
    'an operation failed inside',
  )
  await expect(
    sdk().send(new UpdateEventSourceMappingCommand({ UUID: 'u', BatchSize: 0 })),
  ).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining("'0' at 'batchSize'"),
    $metadata: { httpStatusCode: 400 },
  })
  await expect(
    sdk({ ...CREDENTIALS, secretAccessKey: 'wrong' }).send(new ListFunctionsCommand({})),
  ).rejects.toMatchObject({ name: 'InvalidSignatureException', $metadata: { httpStatusCode: 403 } })
  await expect(
    sdk().send(new InvokeCommand({ FunctionName: 'offers', Payload: Buffer.alloc(BODY_BYTES + 1, ' ') })),
  ).rejects.toMatchObject({ name: 'RequestTooLargeException', $metadata: { httpStatusCode: 413 } })
  const Tags = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`tag-${i}`, 'x'.repeat(200)]))
  expect((await sdk().send(new CreateEventSourceMappingCommand({ FunctionName: 'offers', Tags }))).UUID).toBe(
    'u',
  )
})

const UNSERVED = { message: 'This operation is not served here.' }

test.each<[string, string, string | undefined, number, string | undefined, unknown]>([
  [
    'GET',
    '/2015-03-31/functions/',
    undefined,
    200,
    undefined,
    { Functions: [{ FunctionName: 'offers' }], NextMarker: 'x' },
  ],
  [
    'GET',
    '/2015-03-31/functions?MaxItems=x',
    undefined,
    400,
    'SerializationException',
    { Message: "'x' can not be converted to an Integer" },
  ],
  [
    'GET',
    '/2015-03-31/functions?MaxItems=0',
    undefined,
    400,
    'ValidationException',
    { message: expect.stringContaining("'0' at 'maxItems'") },
  ],
  ['GET', '/2015-03-31/nothing', undefined, 404, 'UnknownOperationException', UNSERVED],
  ['GET', '/2018-10-31/layers', undefined, 404, 'UnknownOperationException', UNSERVED],
  ['PATCH', '/2015-03-31/functions', '{}', 404, 'UnknownOperationException', UNSERVED],
  ['GET', '/2015-03-31/functions/offers', undefined, 404, 'UnknownOperationException', UNSERVED],
  ['POST', '/2015-03-31/functions/offers/invocations', '[1]', 200, undefined, [1]],
  [
    'POST',
    '/2015-03-31/functions/a%20b/invocations',
    '[1]',
    400,
    'ValidationException',
    { message: expect.stringContaining('functionName') },
  ],
  ['POST', '/2015-03-31/event-source-mappings', 'hello', 400, 'SerializationException', {}],
  [
    'POST',
    '/2015-03-31/event-source-mappings',
    '{"FunctionName":1}',
    400,
    'SerializationException',
    { Message: expect.stringContaining('can not be converted to an String') },
  ],
  [
    'POST',
    '/2015-03-31/event-source-mappings',
    '',
    400,
    'ValidationException',
    { message: expect.stringContaining('functionName') },
  ],
  [
    'GET',
    '/2015-03-31/event-source-mappings/u',
    undefined,
    404,
    'ResourceNotFoundException',
    { Type: 'User', Message: 'The resource you requested does not exist.' },
  ],
])(
  'the request %s %s with the body %s is answered as AWS answers it',
  async (method, path, body, status, errorType, wanted) => {
    const answer = await ask(method, path, body)
    expect([
      await answer.json(),
      answer.status,
      answer.headers.get('x-amzn-errortype') ?? undefined,
      answer.headers.get('content-type'),
    ]).toEqual([wanted, status, errorType, 'application/json'])
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[a-f0-9-]{36}$/)
  },
)

test('an unsigned request is refused unless unsigned requests are admitted', async () => {
  const refused = await fetch(`${url}/2015-03-31/functions`)
  expect([refused.status, refused.headers.get('x-amzn-errortype'), await refused.json()]).toEqual([
    403,
    'MissingAuthenticationTokenException',
    { message: 'Missing Authentication Token' },
  ])
  anonymous = ANONYMOUS
  expect((await fetch(`${url}/2015-03-31/functions`)).status).toBe(200)
  anonymous = undefined
})

test('rights to functions and rights to streams are separate', () => {
  const key = (rights: object) => {
    const { clients, problems } = parseAccessKeys(JSON.stringify([{ ...CREDENTIALS, ...rights }]))
    expect(problems).toEqual([])
    return clients.get(CREDENTIALS.accessKeyId)!
  }
  const client = key({ streams: ['orders'], functions: ['team-*'] })
  const arns = [
    `${FUNCTION}:team-a`,
    `${FUNCTION}:team-a:$LATEST`,
    `${FUNCTION}:orders`,
    'arn:aws:kinesis:eu-central-1:123456789012:stream/orders',
    'arn:aws:kinesis:eu-central-1:123456789012:stream/team-a',
    'orders',
    '*',
  ]
  expect(arns.map((arn) => client.may('lambda:InvokeFunction', arn))).toEqual([
    true,
    true,
    false,
    true,
    false,
    true,
    true,
  ])
  expect(key({ streams: ['*'] }).may('lambda:InvokeFunction', `${FUNCTION}:team-a`)).toBe(false)
  expect(
    parseAccessKeys(JSON.stringify([{ ...CREDENTIALS, streams: [], functions: 'x' }])).problems[0],
  ).toContain('functions like offers')
})

test('paths are matched and decoded', () => {
  const match = pathMatcher('/v1/functions/{name}/logs')
  expect(
    [
      '/v1/functions/a%3Ab/logs',
      '/v1/functions/%zz/logs/',
      '/v1/functions//logs',
      '/v1/functions/a',
      '/v1/other/a/logs',
    ].map(match),
  ).toEqual([{ name: 'a:b' }, { name: '%zz' }, undefined, undefined, undefined])
})
