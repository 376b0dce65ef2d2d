import { connect } from 'node:http2'
import {
  CreateStreamCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListStreamsCommand,
  PutRecordsCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { expect, onTestFinished, test } from 'vitest'
import { ANONYMOUS, clientOf } from '../access-key-file.ts'
import {
  admitUnsigned,
  ask,
  CREDENTIALS,
  call,
  clients,
  expectAnswer,
  heard,
  port,
  STREAM,
  signed,
  target,
  UNKNOWN_CBOR,
  useDoor,
} from './testing/json-door.ts'

useDoor()

test('an operation gets the known members of its input, converted, and the client that sent it', async () => {
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
  const { client, operation, encoding } = heard!.context
  expect({ name: client.name, operation, encoding }).toEqual({
    name: 'AKIDEXAMPLE',
    operation: 'PutRecords',
    encoding: 'json',
  })
  expect([heard!.context.may(`${STREAM}/orders`), heard!.context.may(`${STREAM}/other`)]).toEqual([
    true,
    false,
  ])
})

test('pages of every origin may send signed requests', async () => {
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

/** Admits unsigned requests until the test ends. */
function unsignedAdmitted(): void {
  admitUnsigned(ANONYMOUS)
  onTestFinished(() => admitUnsigned(undefined))
}
const page = { origin: 'http://evil.example' }

test('if unsigned requests are admitted, a wrong signature is still refused', async () => {
  unsignedAdmitted()
  expect((await ask({ headers: target('ListStreams'), body: '{}', noSign: true })).status).toBe(200)
  expect(
    (await ask({ headers: { ...target('ListStreams'), authorization: 'X' }, body: '{}', noSign: true })).body,
  ).toMatchObject({ __type: 'IncompleteSignatureException' })
})

test('if unsigned requests are admitted, those of foreign pages are refused', async () => {
  unsignedAdmitted()
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
})

test('a foreign page may not use the well-known key, but a key of its own', async () => {
  unsignedAdmitted()
  onTestFinished(() => void clients.delete('test'))
  clients.set(
    'test',
    clientOf({ accessKeyId: 'test', secretAccessKey: 'test' }, () => true),
  )
  const headers = await signed(
    { headers: target('ListStreams'), body: '{}' },
    { accessKeyId: 'test', secretAccessKey: 'test' },
  )
  expect((await ask({ headers, body: '{}', noSign: true })).status).toBe(200)
  expect((await ask({ headers: { ...headers, ...page }, body: '{}', noSign: true })).body).toMatchObject({
    __type: 'AccessDeniedException',
  })
  expect((await ask({ headers: { ...target('ListStreams'), ...page }, body: '{}' })).status).toBe(200)
})

const sdk = (credentials = CREDENTIALS): KinesisClient =>
  new KinesisClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    credentials,
    requestHandler: new NodeHttpHandler(),
    maxAttempts: 1,
  })

test("AWS's client for JavaScript gets answers and errors", async () => {
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

test('a signed request over HTTP/2 is answered', async () => {
  const { host, ...headers } = await signed({ headers: target('ListStreams'), body: '{}' })
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
