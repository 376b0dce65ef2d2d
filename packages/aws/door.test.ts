/** Several APIs behind one port: two of JSON, two of Query, two with paths. */
import { request as httpRequest } from 'node:http'
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { MAX_UNKNOWN_BODY_BYTES } from '@weir/service'
import { afterAll, describe, expect, test } from 'vitest'
import { type Api, api } from './api.ts'
import { awsDoor } from './door.ts'
import { kinesisModel } from './models/kinesis.ts'
import { heard, kinesis, lambda, logs, maxBodyBytes, sns, sts } from './testing/apis.ts'
import { account, CREDENTIALS, IDENTITY, openDoor } from './testing/open-door.ts'

const door = await openDoor()
afterAll(() => door.stop())
const { ask, config, url } = door

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

test('an unsigned request is answered if unsigned requests are admitted', async () => {
  door.admitUnsigned(true)
  expect((await ask(undefined, { body: IDENTITY })).text).toContain('<UserId>anonymous</UserId>')
  door.admitUnsigned(false)
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
    door.admitUnsigned(true)
    expect(await fromElsewhere(LINK)).toBe(200)
    expect(heard).toMatchObject({ isSigned: false, may: false })
    expect(await fromElsewhere(`/?${IDENTITY}`)).toBe(403)
    door.admitUnsigned(false)
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
      awsDoor({ access: door.access, account }, apis)
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
