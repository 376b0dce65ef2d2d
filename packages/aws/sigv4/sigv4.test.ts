import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { expect, test } from 'vitest'
import { AwsError } from '../errors.ts'
import { isSigned } from './claim.ts'
import { type Credential, signatureVerifier } from './verify.ts'

/** Those of AWS's signature test suite. */
const SUITE_KEY = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const SUITE_TIME = Date.parse('2015-08-30T12:36:00Z')
const TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi=='
const UNRESERVED = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const known =
  (credential: Partial<Credential> = {}) =>
  (accessKeyId: string): Credential | undefined =>
    accessKeyId === SUITE_KEY.accessKeyId
      ? { secret: SUITE_KEY.secretAccessKey, acceptsToken: () => true, ...credential }
      : undefined

interface Request {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

const raw = ({ method, url, headers }: Request): { method: string; url: string; rawHeaders: string[] } => ({
  method,
  url,
  rawHeaders: headers.flat(),
})

/** Name, method, URL, headers, signature. */
const SUITE: [string, string, string, [string, string][], string, string?][] = [
  ['get-vanilla', 'GET', '/', [], '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  [
    'get-unreserved',
    'GET',
    `/${UNRESERVED}`,
    [],
    '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  ],
  [
    'get-header-key-duplicate',
    'GET',
    '/',
    [
      ['My-Header1', 'value2'],
      ['My-Header1', 'value2'],
      ['My-Header1', 'value1'],
    ],
    'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  ],
  [
    'get-header-value-order',
    'GET',
    '/',
    [
      ['My-Header1', 'value4'],
      ['My-Header1', 'value1'],
      ['My-Header1', 'value3'],
      ['My-Header1', 'value2'],
    ],
    '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
  ],
  [
    'get-header-value-trim',
    'GET',
    '/',
    [
      ['My-Header1', ' value1'],
      ['My-Header2', ' "a   b   c"'],
    ],
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
  [
    'get-vanilla-query-order-key-case',
    'GET',
    '/?Param2=value2&Param1=value1',
    [],
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-vanilla-empty-query-key',
    'GET',
    '/?Param1=value1',
    [],
    'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  ],
  [
    'get-vanilla-query-unreserved',
    'GET',
    `/?${UNRESERVED}=${UNRESERVED}`,
    [],
    '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
  ],
  [
    'get-vanilla-utf8-query',
    'GET',
    '/?%E1%88%B4=bar',
    [],
    '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  ],
  ['post-vanilla', 'POST', '/', [], '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-header-value-case',
    'POST',
    '/',
    [['My-Header1', 'VALUE1']],
    'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
  ],
  [
    'post-vanilla-query',
    'POST',
    '/?Param1=value1',
    [],
    '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
  ],
  [
    'post-x-www-form-urlencoded',
    'POST',
    '/',
    [['Content-Type', 'application/x-www-form-urlencoded']],
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    'Param1=value1',
  ],
  [
    'get-relative',
    'GET',
    '/example/..',
    [],
    '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  ],
  [
    'get-slash-dot-slash',
    'GET',
    '/./',
    [],
    '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  ],
  ['get-slashes', 'GET', '//', [], '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
]

test.each(SUITE)("AWS's test suite: %s", (_name, method, url, headers, signature, body = '') => {
  const all: [string, string][] = [
    ['Host', 'example.amazonaws.com'],
    ['X-Amz-Date', '20150830T123600Z'],
    ...headers,
  ]
  const names = [...new Set(all.map(([name]) => name.toLowerCase()))].sort().join(';')
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`
  const { claim, verify } = signatureVerifier(known(), () => SUITE_TIME)
  const request = { method, url, headers: [...all, ['Authorization', authorization] as const], body }
  expect(verify(claim(raw(request), ['service']), Buffer.from(body), 'service').region).toBe('us-east-1')
  expect(() => verify(claim(raw(request), ['service']), Buffer.from(`${body} `), 'service')).toThrow(
    'The request signature we calculated does not match',
  )
})

const signer = (region = 'eu-central-1', sessionToken?: string): SignatureV4 =>
  new SignatureV4({ service: 'kinesis', region, sha256: Sha256, credentials: { ...SUITE_KEY, sessionToken } })

async function signed(
  changes: {
    query?: Record<string, string>
    headers?: Record<string, string>
    path?: string
    body?: string
    token?: string
  } = {},
): Promise<Request> {
  const { query = {}, headers = {}, path = '/', body = '{}', token } = changes
  const request = {
    method: 'POST',
    protocol: 'https:',
    hostname: 'localhost',
    path,
    query,
    body,
    headers: {
      host: 'localhost:4567',
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Kinesis_20131202.ListStreams',
      ...headers,
    },
  }
  const { headers: all } = await signer('eu-central-1', token).sign(request, {
    signingDate: new Date(SUITE_TIME),
  })
  const text = Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')
  return { method: 'POST', url: text === '' ? path : `${path}?${text}`, headers: Object.entries(all), body }
}

/** A presigned URL has AWS's headers in its query, unless `inHeaders`. */
async function presigned(
  expiresIn?: number,
  extra: Record<string, string> = {},
  inHeaders = false,
): Promise<Request> {
  const host = { host: 'localhost:4567' }
  const headers = { ...host, ...extra }
  const place = { protocol: 'https:', hostname: 'localhost', path: '/', query: { a: 'b c' } }
  const request = { method: 'POST', ...place, body: '{}', headers }
  const unhoistableHeaders = new Set(inHeaders ? Object.keys(extra).map((name) => name.toLowerCase()) : [])
  const options = { signingDate: new Date(SUITE_TIME), expiresIn, unhoistableHeaders }
  const { query = {} } = await signer().presign(request, options)
  const url = `/?${Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&')}`
  return { method: 'POST', url, headers: Object.entries(inHeaders ? headers : host), body: '{}' }
}

function failure(
  request: Request,
  { minutes = 0, credential = {} as Partial<Credential>, service = 'kinesis' } = {},
): AwsError | undefined {
  try {
    const { claim, verify } = signatureVerifier(known(credential), () => SUITE_TIME + minutes * 60_000)
    verify(claim(raw(request), [service]), Buffer.from(request.body), service)
    return undefined
  } catch (error) {
    if (error instanceof AwsError) return error
    throw error
  }
}

const without = (request: Request, ...names: string[]): Request => ({
  ...request,
  headers: request.headers.filter(([name]) => !names.includes(name.toLowerCase())),
})
const plus = (request: Request, ...headers: [string, string][]): Request => ({
  ...request,
  headers: [...request.headers, ...headers],
})
const resigned = (request: Request, from: string | RegExp, to: string): Request => ({
  ...request,
  headers: request.headers.map(
    ([name, value]) => [name, name === 'authorization' ? value.replace(from, to) : value] as const,
  ),
})

test('what an SDK signs is right, with any path, query, header and body', async () => {
  expect(failure(await signed())).toBeUndefined()
  expect(failure(await signed({ body: 'x'.repeat(100_000) }))).toBeUndefined()
  expect(
    failure(await signed({ path: '/a%20b/c%2Fd', query: { b: '2', a: '1 +/=', 'c d': "*'()!ü" } })),
  ).toBeUndefined()
  expect(failure(await signed({ headers: { 'x-amz-extra': ' a   b ' } }))).toBeUndefined()
  expect(failure(await signed({ token: TOKEN }))).toBeUndefined()
  for (const expiresIn of [undefined, 60, 604_800])
    expect(failure(await presigned(expiresIn))).toBeUndefined()
})

test('over HTTP/2 the host is :authority', async () => {
  const request = await signed()
  expect(
    failure({
      ...without(request, 'host'),
      headers: [[':authority', 'localhost:4567'], ...without(request, 'host').headers],
    }),
  ).toBeUndefined()
})

test('what was signed may not change: body, method, query', async () => {
  for (const request of [
    { ...(await signed()), body: '{ }' },
    { ...(await signed()), method: 'PUT' },
    { ...(await signed()), url: '/?a=b' },
  ]) {
    expect(failure(request)).toMatchObject({ code: 'InvalidSignatureException' })
  }
  const wrongHash = await signed({ headers: { 'x-amz-content-sha256': '0'.repeat(64) } })
  expect(failure(wrongHash)).toMatchObject({ code: 'InvalidSignatureException' })
})

test.each(['UNSIGNED-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'])(
  'a signature without the body is refused: %s',
  async (hash) => {
    const headers = { 'X-Amz-Content-Sha256': hash }
    for (const request of [
      await signed({ headers }),
      await presigned(60, headers),
      await presigned(60, headers, true),
    ]) {
      expect(failure(request)).toMatchObject({ code: 'InvalidSignatureException' })
    }
  },
)

test('a presigned URL holds for the body that it was made for', async () => {
  const url = await presigned(604_800)
  expect(failure(url)).toBeUndefined()
  expect(failure({ ...url, body: '{"StreamName":"other"}' })).toMatchObject({
    code: 'InvalidSignatureException',
  })
})

test('requests that are not signed, or twice, or not whole', async () => {
  const request = await signed()
  const bare = without(request, 'authorization')
  expect(isSigned(raw(request))).toBe(true)
  expect(isSigned(raw(bare))).toBe(false)
  expect(isSigned(raw({ ...bare, url: '/?X-Amz-Algorithm' }))).toBe(true)
  expect(failure(bare)).toMatchObject({
    code: 'MissingAuthenticationTokenException',
    message: 'Missing Authentication Token',
  })
  expect(failure({ ...bare, url: '/?X-Amz-Credential=a&X-Amz-Signature=b' })!.code).toBe(
    'MissingAuthenticationTokenException',
  )
  expect(failure({ ...request, url: '/?X-Amz-Algorithm' })).toMatchObject({
    code: 'InvalidSignatureException',
    message: "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
  })
  expect(failure(plus(without(bare, 'x-amz-date'), ['Authorization', 'X']))).toMatchObject({
    code: 'IncompleteSignatureException',
    message:
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires " +
      "'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=X",
  })
  for (const separator of [' ', ',', ', ']) {
    const authorization = `AWS4- Signature=b${separator}Credential=a`
    expect(failure(plus(bare, ['Authorization', authorization]))!.message).toBe(
      `Authorization header requires 'SignedHeaders' parameter. Authorization=${authorization}`,
    )
  }
  expect(
    failure({ ...bare, url: '/?X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&X-Amz-Date=d' })!
      .message,
  ).toBe(
    "AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the query-string parameters.",
  )
  expect(failure(resigned(request, 'AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1'))!.code).toBe(
    'IncompleteSignatureException',
  )
  expect(failure(resigned(request, '/aws4_request', ''))!.message).toContain(
    'Credential must have exactly 5 slash-delimited elements',
  )
  expect(
    failure({
      ...request,
      headers: request.headers.map(
        ([name, value]) => [name, name === 'x-amz-date' ? '2015-08-30' : value] as const,
      ),
    })!.message,
  ).toContain('Date must be in ISO-8601')
})

test('scopes: the service, the day, the end', async () => {
  const request = await signed()
  expect(failure(request, { service: 'firehose' })).toMatchObject({
    code: 'InvalidSignatureException',
    message: "Credential should be scoped to correct service: 'firehose'. ",
  })
  expect(failure(resigned(request, '20150830', '20150831'))!.message).toContain(
    'Date in Credential scope does not match YYYYMMDD',
  )
  expect(failure(resigned(request, 'aws4_request', 'aws5_request'))!.message).toContain(
    'Credential should be scoped with a valid terminator',
  )
  expect(failure(resigned(request, 'eu-central-1', 'us-east-1'))!.message).toContain(
    'does not match the signature you provided',
  )
})

test('clocks may be off by five minutes', async () => {
  const request = await signed()
  expect(failure(request, { minutes: 5 })).toBeUndefined()
  expect(failure(request, { minutes: -5 })).toBeUndefined()
  expect(failure(request, { minutes: 6 })!.message).toBe(
    'Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T124200Z - 5 min.)',
  )
  expect(failure(request, { minutes: -6 })!.message).toBe(
    'Signature not yet current: 20150830T123600Z is still later than 20150830T123500Z (20150830T123000Z + 5 min.)',
  )
  expect(failure(await presigned(3600), { minutes: 59 })).toBeUndefined()
  expect(failure(await presigned(3600), { minutes: 61 })!.message).toContain('Signature expired')
  const forLong = await presigned(604_800)
  for (const expires of ['0', '604801', '-1', '1e3', 'x'])
    expect(failure({ ...forLong, url: forLong.url.replace('604800', expires) })!.code).toBe(
      'IncompleteSignatureException',
    )
})

test('the host and every x-amz-* header must be signed', async () => {
  const request = await signed()
  expect(failure(resigned(request, 'content-type;host;', 'content-type;'))!.message).toContain(
    "must be a 'SignedHeader'",
  )
  expect(failure(plus(request, ['X-Amz-Late', 'x']))).toMatchObject({
    code: 'InvalidSignatureException',
    message: expect.stringContaining('x-amz-late'),
  })
  expect(failure(plus(request, ['X-Amzn-Trace-Id', 'Root=1']))).toBeUndefined()
  expect(failure(plus(request, ['X-Amz-Target', 'Kinesis_20131202.DeleteStream']))!.code).toBe(
    'InvalidSignatureException',
  )
})

test('access keys that are unknown or expired, and tokens that belong to none', async () => {
  const request = await signed()
  expect(failure(resigned(request, 'AKIDEXAMPLE', 'AKIDOTHER'))).toMatchObject({
    code: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
  })
  expect(
    failure(await signed({ token: TOKEN }), { credential: { acceptsToken: (token) => token === undefined } })!
      .code,
  ).toBe('UnrecognizedClientException')
  expect(failure(request, { credential: { expiresAt: SUITE_TIME } })!.code).toBe('ExpiredTokenException')
  expect(failure(request, { credential: { secret: 'other' } })!.code).toBe('InvalidSignatureException')
  for (const signature of ['', 'xyz', '0'.repeat(64), 'A'.repeat(64)])
    expect(failure(resigned(request, /Signature=.*/, `Signature=${signature}`))).toBeDefined()
})

test('a changed secret holds at once', async () => {
  let secret = SUITE_KEY.secretAccessKey
  const { claim, verify } = signatureVerifier(
    () => ({ secret, acceptsToken: () => true }),
    () => SUITE_TIME,
  )
  const request = await signed()
  verify(claim(raw(request), ['kinesis']), Buffer.from(request.body), 'kinesis')
  secret = 'rotated'
  expect(() => verify(claim(raw(request), ['kinesis']), Buffer.from(request.body), 'kinesis')).toThrow(
    AwsError,
  )
})
