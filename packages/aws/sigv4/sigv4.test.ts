import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { expect, test } from 'vitest'
import { AwsError } from '../errors.ts'
import { isSigned } from './claim.ts'
import { known, type Request, raw, SUITE_KEY, SUITE_TIME } from './testing/requests.ts'
import { type Credential, signatureVerifier } from './verify.ts'

const TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi=='

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

test('a request that an SDK signs is accepted, with any path, query, header and body', async () => {
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

test('over HTTP/2 the signed host is :authority', async () => {
  const request = await signed()
  expect(
    failure({
      ...without(request, 'host'),
      headers: [[':authority', 'localhost:4567'], ...without(request, 'host').headers],
    }),
  ).toBeUndefined()
})

test('a request whose body, method or query changed after signing is refused', async () => {
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

test('a presigned URL is valid for the body that it was made for, and for no other', async () => {
  const url = await presigned(604_800)
  expect(failure(url)).toBeUndefined()
  expect(failure({ ...url, body: '{"StreamName":"other"}' })).toMatchObject({
    code: 'InvalidSignatureException',
  })
})

test('a request that is unsigned, signed twice or incompletely signed is refused', async () => {
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

test('a signature with a wrong service, date or terminator in its scope is refused', async () => {
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

test('clocks may differ by five minutes', async () => {
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

test('an unknown or expired access key is refused, and so is a token that does not belong to its key', async () => {
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

test('a changed secret applies at once', async () => {
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
