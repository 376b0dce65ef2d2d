/** Several APIs behind one port: two of JSON, two of Query, two with paths. */
import { request as httpRequest } from 'node:http'
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { ListTopicsCommand, PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { type HttpServer, logger, MAX_UNKNOWN_BODY_BYTES, openHttp, type Resource } from '@weir/service'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ANONYMOUS, parseAccessKeys } from './access-key-file.ts'
import type { AwsAccess } from './access-keys.ts'
import { type Api, api } from './api.ts'
import { awsDoor } from './door.ts'
import { kinesisModel } from './models/kinesis.ts'
import { presignedUrl, signatureHeaders } from './sigv4/sign.ts'
import { heard, kinesis, lambda, logs, maxBodyBytes, sns, sts, tables } from './testing/apis.ts'

const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const REGION = 'eu-central-1'
const account = { region: REGION, accountId: '123456789012' }

const { clients, problems } = parseAccessKeys(
  JSON.stringify([{ ...CREDENTIALS, rights: { sns: ['orders', 'gone'] } }]),
)
let anonymous: AwsAccess['anonymous']
const access: AwsAccess = {
  client: (accessKeyId) => clients.get(accessKeyId),
  get anonymous() {
    return anonymous
  },
}
const errors = vi.fn()
let server: Resource<HttpServer>
let url = ''
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
        const apis = [kinesis(), tables(), sts(), sns(), lambda(), logs()]
        await app.register(awsDoor({ access, account }, apis))
      },
    },
  )
  url = server.value.url
})
afterAll(() => server.stop(1000))

const config = (credentials = CREDENTIALS) => ({
  endpoint: url,
  region: REGION,
  credentials: { ...credentials },
  maxAttempts: 1,
})

interface Told {
  readonly status: number
  readonly type: string | null
  readonly text: string
}

/** @param given of a request that is signed for the service; undefined: not signed */
async function ask(
  service: string | undefined,
  {
    body = '',
    path = '/',
    method = 'POST',
    type = 'application/x-www-form-urlencoded; charset=utf-8',
    headers = {} as Readonly<Record<string, string>>,
    credentials = CREDENTIALS,
  },
): Promise<Told> {
  const target = new URL(`${url}${path}`)
  const all = { ...headers, ...(type === '' ? {} : { 'content-type': type }) }
  const sent =
    service === undefined
      ? all
      : signatureHeaders({ method, url: target, headers: all, body }, credentials, REGION, service)
  const answer = await fetch(target, { method, headers: sent, body: method === 'GET' ? undefined : body })
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
}

const IDENTITY = 'Action=GetCallerIdentity&Version=2011-06-15'
const STS_XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'

test("AWS's own clients reach every API at one port", async () => {
  expect((await new KinesisClient(config()).send(new ListStreamsCommand({}))).StreamNames).toEqual(['s'])
  expect((await new STSClient(config()).send(new GetCallerIdentityCommand({}))).UserId).toBe('AKIDEXAMPLE')
  const payload = Buffer.from('[1]')
  const { Payload } = await new LambdaClient(config()).send(
    new InvokeCommand({ FunctionName: 'f', Payload: payload }),
  )
  expect(Buffer.from(Payload!)).toEqual(payload)
  const json = 'application/x-amz-json-1.0'
  const target = { 'x-amz-target': 'DynamoDB_20120810.ListTables' }
  expect(await ask('dynamodb', { body: '{}', type: json, headers: target })).toEqual({
    status: 200,
    type: json,
    text: '{"TableNames":["t"]}',
  })
  expect(await ask('lambda', { method: 'GET', path: '/v1/functions/logs', type: '' })).toMatchObject({
    text: '{"lines":["one"]}',
  })
  expect((await ask('lambda', { method: 'GET', path: '/v1/functions/other', type: '' })).status).toBe(404)
})

test('an API of JSON is answered only in its own version of the protocol', async () => {
  const target = { 'x-amz-target': 'DynamoDB_20120810.ListTables' }
  expect(
    await ask('dynamodb', { body: '{}', type: 'application/x-amz-json-1.1', headers: target }),
  ).toMatchObject({ status: 404, text: '<UnknownOperationException/>\n' })
  expect(
    await ask('kinesis', { body: '{}', type: 'application/x-amz-json-1.1', headers: target }),
  ).toMatchObject({ status: 404 })
  expect(
    await ask('kinesis', {
      body: '{}',
      type: 'application/x-amz-json-1.0',
      headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' },
    }),
  ).toMatchObject({ status: 400, text: expect.stringContaining("scoped to correct service: 'dynamodb'") })
})

test("AWS's own client of Query sends lists, maps, structures and blobs", async () => {
  const entry = {
    Id: 'a+b &=ü',
    Message: '<m>\r\n',
    MessageAttributes: {
      kind: { DataType: 'String', StringValue: 'x' },
      bytes: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) },
    },
  }
  const input = {
    TopicArn: 'arn:aws:sns:eu-central-1:123456789012:orders',
    PublishBatchRequestEntries: [entry, { Id: 'b', Message: '' }],
  }
  const { Successful } = await new SNSClient(config()).send(new PublishBatchCommand(input))
  expect(heard).toEqual(input)
  expect(Successful).toEqual([
    { Id: 'a+b &=ü', MessageId: '<&>' },
    { Id: 'b', MessageId: '<&>' },
  ])
})

test("AWS's own client of Query gets the errors", async () => {
  const client = new SNSClient(config())
  const publish = (TopicArn: string) =>
    new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [{ Id: 'a', Message: 'm' }] })
  const topic = (name: string): string => `arn:aws:sns:eu-central-1:123456789012:${name}`
  await expect(client.send(publish(topic('gone')))).rejects.toMatchObject({
    name: 'NotFoundException',
    message: 'Topic <gone>',
    $metadata: { httpStatusCode: 404, requestId: expect.stringMatching(/^[a-f0-9-]{36}$/) },
  })
  await expect(client.send(publish(topic('other')))).rejects.toMatchObject({
    name: 'AccessDenied',
    message: expect.stringContaining(`sns:PublishBatch on resource: ${topic('other')}`),
    $metadata: { httpStatusCode: 403 },
  })
  await expect(client.send(new ListTopicsCommand({}))).rejects.toMatchObject({ name: 'AccessDenied' })
  await expect(client.send(publish('boom'))).rejects.toMatchObject({
    name: 'InternalFailure',
    $metadata: { httpStatusCode: 500 },
  })
  expect(errors).toHaveBeenLastCalledWith(
    expect.objectContaining({ operation: 'PublishBatch' }),
    'an operation failed inside',
  )
  const refused = [
    [{ ...CREDENTIALS, secretAccessKey: 'wrong' }, 'SignatureDoesNotMatch'],
    [{ ...CREDENTIALS, accessKeyId: 'OTHER' }, 'InvalidClientTokenId'],
  ] as const
  for (const [credentials, name] of refused)
    await expect(
      new STSClient(config(credentials)).send(new GetCallerIdentityCommand({})),
    ).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 403 } })
})

const failure = (code: string, message: string, type = 'Sender'): string =>
  `<ErrorResponse ${STS_XMLNS}><Error><Type>${type}</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>ID</RequestId></ErrorResponse>\n`

test.each<[string, string | undefined, Parameters<typeof ask>[1], number, string]>([
  [
    'a valid request',
    'sts',
    { body: IDENTITY },
    200,
    `<GetCallerIdentityResponse ${STS_XMLNS}><GetCallerIdentityResult><UserId>AKIDEXAMPLE</UserId></GetCallerIdentityResult>` +
      '<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></GetCallerIdentityResponse>\n',
  ],
  [
    'an action that no API has',
    'sts',
    { body: 'Action=Get%3CCaller&Version=2011-06-15' },
    400,
    failure('InvalidAction', 'Could not find operation Get&lt;Caller for version 2011-06-15'),
  ],
  [
    'an action of another version',
    'sts',
    { body: 'Action=ListTopics&Version=2011-06-15' },
    400,
    failure('InvalidAction', 'Could not find operation ListTopics for version 2011-06-15'),
  ],
  [
    'an action without a version',
    'sts',
    { body: 'Action=GetCallerIdentity' },
    400,
    failure('InvalidAction', 'Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED'),
  ],
  [
    'no action',
    'sts',
    { body: 'Version=2011-06-15' },
    400,
    failure('MissingAction', 'The request must contain the parameter Action.'),
  ],
  [
    'an action, unsigned',
    undefined,
    { body: IDENTITY },
    403,
    failure('MissingAuthenticationToken', 'Missing Authentication Token'),
  ],
  [
    'a request that is signed for another API of the door',
    'sns',
    { body: IDENTITY },
    403,
    failure('SignatureDoesNotMatch', "Credential should be scoped to correct service: 'sts'. "),
  ],
  [
    'a request that is signed for no API of Query',
    'lambda',
    { body: IDENTITY },
    403,
    failure('SignatureDoesNotMatch', "Credential should be scoped to correct service: 'sts' or 'sns'. "),
  ],
  [
    'an action that is given twice',
    'sts',
    { body: `${IDENTITY}&Action=GetCallerIdentity` },
    400,
    failure('MalformedInput', "The parameter 'Action' is given twice"),
  ],
  [
    'an action in the form and in the query',
    'sts',
    { body: IDENTITY, path: '/?Action=GetCallerIdentity' },
    400,
    failure('MalformedInput', "The parameter 'Action' is given twice"),
  ],
  [
    'a broken form',
    'sts',
    { body: `${IDENTITY}&x=%zz` },
    400,
    failure('MalformedInput', "'%zz' is not valid form encoding"),
  ],
  [
    'a form that is too long for its API',
    'sts',
    { body: `${IDENTITY}&x=${'x'.repeat(20_000)}` },
    413,
    failure('RequestEntityTooLargeException', 'Request Entity Too Large'),
  ],
  [
    'a form that is too long for every API',
    'sts',
    { body: `${IDENTITY}&x=${'x'.repeat(maxBodyBytes)}` },
    413,
    failure('RequestEntityTooLargeException', 'Request Entity Too Large'),
  ],
  [
    'a form with too many parameters, unsigned',
    undefined,
    { body: 'a=&'.repeat(20_000) },
    400,
    failure('MalformedInput', 'The request is too complex'),
  ],
  [
    'a violated constraint',
    'sns',
    {
      body: 'Action=PublishBatch&Version=2010-03-31&TopicArn=a&PublishBatchRequestEntries.member.999999999.Id=x',
    },
    400,
    failure(
      'ValidationError',
      "1 validation error detected: Value null at 'publishBatchRequestEntries.1.member.message' failed to satisfy constraint: Member must not be null",
    ).replace(STS_XMLNS, 'xmlns="http://sns.amazonaws.com/doc/2010-03-31/"'),
  ],
])(
  'a request of Query is answered as AWS answers it: %s',
  async (_name, service, request, status, wanted) => {
    const answer = await ask(service, request)
    expect(answer.text.replace(/[a-f0-9-]{36}/, 'ID')).toBe(wanted)
    expect([answer.status, answer.type]).toEqual([status, 'text/xml'])
  },
)

test('a form that is signed for an API of JSON gets the error of that API', async () => {
  expect(await ask('kinesis', { body: '{}' })).toEqual({
    status: 403,
    type: null,
    text: '<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n',
  })
})

test('an action in a presigned URL is answered', async () => {
  const target = new URL(`${url}/?${IDENTITY}`)
  const signed = presignedUrl(target, CREDENTIALS, REGION, 'sts', 60)
  expect(await (await fetch(signed)).text()).toContain('<UserId>AKIDEXAMPLE</UserId>')
  signed.searchParams.set('Action', 'ListTopics')
  expect(await (await fetch(signed)).text()).toContain('<Code>InvalidAction</Code>')
})

test('an unsigned request is answered if unsigned requests are admitted', async () => {
  anonymous = ANONYMOUS
  expect((await ask(undefined, { body: IDENTITY })).text).toContain('<UserId>anonymous</UserId>')
  anonymous = undefined
})

describe('an operation that needs no signature', () => {
  const LINK = '/?Action=Unsubscribe&SubscriptionArn=s'
  /** Asks by a name of another machine, as a receiver there does. */
  const fromElsewhere = (path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(url)
      httpRequest({ port, path, headers: { host: 'weir.example' } }, (response) => {
        response.resume()
        resolve(response.statusCode!)
      })
        .on('error', reject)
        .end()
    })

  test('is served by a link without a signature and without a version, to a client without rights', async () => {
    expect(await ask(undefined, { method: 'GET', path: LINK, type: '' })).toMatchObject({ status: 200 })
    expect(heard).toEqual({ SubscriptionArn: 's', client: 'anonymous', isSigned: false, may: false })
    expect((await ask(undefined, { body: `${LINK.slice(2)}&Version=2010-03-31` })).status).toBe(200)
  })

  test('is served to clients on other machines, also if unsigned requests are admitted from here', async () => {
    anonymous = ANONYMOUS
    expect(await fromElsewhere(LINK)).toBe(200)
    expect(heard).toMatchObject({ isSigned: false, may: false })
    expect(await fromElsewhere(`/?${IDENTITY}`)).toBe(403)
    anonymous = undefined
  })

  test('is refused if its signature is wrong', async () => {
    const wrong = { credentials: { ...CREDENTIALS, secretAccessKey: 'wrong' } }
    const answer = await ask('sns', { method: 'GET', path: LINK, type: '', ...wrong })
    expect(answer).toMatchObject({ status: 403, text: expect.stringContaining('SignatureDoesNotMatch') })
    expect((await ask('sns', { method: 'GET', path: LINK, type: '' })).status).toBe(200)
    expect(heard).toMatchObject({ client: 'AKIDEXAMPLE', isSigned: true, may: true })
  })

  test('may only have a body as short as that of an unknown client', async () => {
    const long = await ask(undefined, { path: LINK, body: `x=${'x'.repeat(MAX_UNKNOWN_BODY_BYTES)}` })
    expect(long).toMatchObject({ status: 403, text: expect.stringContaining('MissingAuthenticationToken') })
  })

  test('does not open others: these need a signature and a version', async () => {
    const unsigned = await ask(undefined, { method: 'GET', path: `/?Action=ListTopics`, type: '' })
    expect(unsigned.text).toContain('for version NO_VERSION_SPECIFIED')
    const listed = await ask(undefined, { body: 'Action=ListTopics&Version=2010-03-31' })
    expect(listed).toMatchObject({ status: 403, text: expect.stringContaining('MissingAuthenticationToken') })
  })
})

test('a client that leaves before the end of its form does no harm', async () => {
  const { port } = new URL(url)
  const request = httpRequest({
    port,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '1000' },
  })
  request.on('error', () => {})
  request.write('Action=')
  await new Promise((resolve) => setTimeout(resolve, 50))
  request.destroy()
  expect((await ask('sts', { body: IDENTITY })).status).toBe(200)
})

test('two APIs that could not be told apart are refused when the door is opened', () => {
  const open =
    (...apis: readonly Api[]) =>
    () =>
      awsDoor({ access, account }, apis)
  expect(open(kinesis(), kinesis())).toThrow(
    'Two APIs of one door share the X-Amz-Target prefix Kinesis_20131202; leave one of them out.',
  )
  expect(open(sts(), sns(), sts())).toThrow(
    'Two APIs of one door share the action GetCallerIdentity of version 2011-06-15; leave one of them out.',
  )
  expect(open(lambda(), logs(), lambda())).toThrow(
    'Two APIs of one door share POST /2015-03-31/functions/{FunctionName}/invocations; leave one of them out.',
  )
  expect(() => api(kinesisModel, { Nothing: () => {} }, { maxBodyBytes })).toThrow(
    'The model of kinesis does not have the operation Nothing.',
  )
})
