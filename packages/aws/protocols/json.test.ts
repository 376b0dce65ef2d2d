import { encode as cborEncode } from 'cborg'
import { expect, test } from 'vitest'
import {
  admission,
  ask,
  BODY_BYTES,
  CBOR_TYPE,
  call,
  errors,
  expectAnswer,
  JSON_TYPE,
  type Options,
  STREAM,
  target,
  UNKNOWN_CBOR,
  useDoor,
} from './testing/json-door.ts'

useDoor()

const DENIED: [number, undefined, string] = [
  403,
  undefined,
  '<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n',
]
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
  ['a type that is not valid', { headers: { 'content-type': ';;,' }, body: '{}' }, DENIED],
  ['a target that is not valid', { headers: { 'x-amz-target': 'Whatever' } }, UNKNOWN_CBOR],
  ['an empty operation', { headers: { 'x-amz-target': 'Kinesis_20131202.' } }, UNKNOWN_CBOR],
  ['a random service', { headers: { 'x-amz-target': 'Whatever.Whatever' } }, UNKNOWN_CBOR],
  [
    'an operation of the model that is not served',
    { headers: target('DescribeQueue'), body: '{}' },
    UNKNOWN_JSON,
  ],
  [
    'an operation with the name of a built-in property',
    { headers: target('constructor'), body: '{}' },
    UNKNOWN_JSON,
  ],
  ['no type and no body', { headers: LIST }, NO_CBOR],
  ['JSON without a target', { headers: { 'content-type': JSON_TYPE } }, UNKNOWN_JSON],
  ['JSON without a target, unsigned', { headers: { 'content-type': JSON_TYPE }, noSign: true }, UNKNOWN_JSON],
  ['old JSON without a target and a body', { headers: { 'content-type': 'application/json' } }, UNKNOWN_CBOR],
  ['old JSON without a body', { headers: { ...LIST, 'content-type': 'application/json' } }, NO_CBOR],
  ['no body', { headers: target('ListStreams') }, NO_JSON],
  ['no body, unsigned', { headers: target('ListStreams'), noSign: true }, NO_JSON],
  [
    'a body that is not JSON, unsigned',
    { headers: target('ListStreams'), body: 'hello', noSign: true },
    NO_JSON,
  ],
  ['a body that is not a structure', { headers: target('ListStreams'), body: 'true' }, NO_JSON],
  [
    'old JSON',
    { headers: target('ListStreams', 'application/json'), body: '{}', noSign: true },
    old(404, 'UnknownOperationException'),
  ],
  [
    'old JSON that is not valid',
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
    'a valid request',
    { headers: target('ListStreams'), body: '{}' },
    [200, JSON_TYPE, { HasMoreStreams: false, StreamNames: [] }],
  ],
  [
    'a valid request in CBOR',
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
    'a violated constraint',
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
    'an internal failure',
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
    'a body with too many names',
    {
      headers: target('ListStreams'),
      body: JSON.stringify(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`n${i}`, 0]))),
    },
    TOO_COMPLEX,
  ],
  [
    'a long body from an unknown client, which is not read',
    { headers: target('ListStreams'), body: 'x'.repeat(BODY_BYTES), noSign: true },
    MISSING,
  ],
  [
    'no memory left for a body',
    { headers: target('ListStreams'), body: 'x'.repeat(90_000) },
    [503, JSON_TYPE, { __type: 'ServiceUnavailable', message: expect.any(String) }],
  ],
  [
    'no memory left for a body without an announced length',
    { headers: { ...target('ListStreams'), 'transfer-encoding': 'chunked' }, body: 'x'.repeat(90_000) },
    [503, JSON_TYPE, { __type: 'ServiceUnavailable', message: expect.any(String) }],
  ],
])('a request is answered as AWS answers it: %s', async (_name, options, wanted) => {
  const answer = await ask(options)
  expectAnswer(answer, wanted)
  const body = wanted[2] as { __type?: string }
  expect(answer.headers['x-amzn-errortype']).toEqual(
    wanted[0] === 200 ? undefined : (body.__type ?? expect.any(String)),
  )
})

test('an internal error is logged without the body, and the memory of its request is released', async () => {
  await call('DescribeLimits', {})
  expect(errors).toHaveBeenLastCalledWith(
    expect.objectContaining({ operation: 'DescribeLimits' }),
    'an operation failed inside',
  )
  expect(JSON.stringify(errors.mock.lastCall)).not.toContain('Signature')
  await expect.poll(() => admission.usedBytes).toBe(0)
})
