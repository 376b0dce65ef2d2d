/** APIs of Query behind the port of others: AWS's own client, and requests that are answered with errors. */
import { ListTopicsCommand, PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, expect, test } from 'vitest'
import { presignedUrl } from './sigv4/sign.ts'
import { heard, maxBodyBytes } from './testing/apis.ts'
import { CREDENTIALS, IDENTITY, openDoor, REGION } from './testing/open-door.ts'

const door = await openDoor()
afterAll(() => door.stop())
const { ask, config, url } = door

const STS_XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'

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
  expect(door.errors).toHaveBeenLastCalledWith(
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
