/** Signs requests with AWS Signature Version 4, in the Authorization header or in the query of a URL. */
import { hash } from 'node:crypto'
import { canonicalHash, headerLists, queryParameters } from './canonical.ts'
import { basicTime } from './claim.ts'
import { ALGORITHM, signatureOf, signingKeyOf, TERMINATOR } from './key.ts'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface UnsignedRequest {
  readonly method: string
  /** The whole URL, with path and query as they will be sent. */
  readonly url: URL
  /** All of them will be signed. The host is added. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

type KeyOf = Parameters<typeof signingKeyOf>
let last: { readonly of: KeyOf; readonly key: Buffer } | undefined

/** Returns the last key again if it is asked for: four HMACs cost more than the rest of a signature. */
function keyOf(...of: KeyOf): Buffer {
  if (last === undefined || of.some((part, i) => part !== last!.of[i]))
    last = { of, key: signingKeyOf(...of) }
  return last.key
}

/**
 * Returns the headers to send, including the given ones.
 * @param service the service for which the request is signed: lambda
 * @param now ms since 1970, for tests
 */
export function signatureHeaders(
  { method, url, headers = {}, body = '' }: UnsignedRequest,
  credentials: AwsCredentials,
  region: string,
  service: string,
  now: number = Date.now(),
): Record<string, string> {
  const time = basicTime(now)
  const scope = `${time.slice(0, 8)}/${region}/${service}/${TERMINATOR}`
  const sent: Record<string, string> = { ...headers, 'x-amz-date': time }
  const lists = headerLists(Object.entries({ ...sent, host: url.host }).flat())
  const signedHeaders = [...lists.keys()].sort()
  const path = `${url.pathname}${url.search}`
  const canonical = canonicalHash(
    { method, url: path, rawHeaders: [] },
    queryParameters(path),
    lists,
    signedHeaders,
    hash('sha256', body, 'hex'),
  )
  const key = keyOf(credentials.secretAccessKey, time.slice(0, 8), region, service)
  const signature = signatureOf(key, time, scope, canonical).toString('hex')
  const credential = `${credentials.accessKeyId}/${scope}`
  return {
    ...sent,
    authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`,
  }
}

/**
 * Signs a URL. Anybody who has it may GET it for `seconds`.
 * @param service the service for which it is signed: lambda
 * @param now ms since 1970, for tests
 */
export function presignedUrl(
  url: URL,
  { accessKeyId, secretAccessKey }: AwsCredentials,
  region: string,
  service: string,
  seconds: number,
  now: number = Date.now(),
): URL {
  const time = basicTime(now)
  const day = time.slice(0, 8)
  const scope = `${day}/${region}/${service}/${TERMINATOR}`
  const signed = new URL(url)
  const parameters = {
    'X-Amz-Algorithm': ALGORITHM,
    'X-Amz-Credential': `${accessKeyId}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-Expires': String(seconds),
    'X-Amz-SignedHeaders': 'host',
  }
  for (const [name, value] of Object.entries(parameters)) signed.searchParams.set(name, value)
  const path = `${signed.pathname}${signed.search}`
  const canonical = canonicalHash(
    { method: 'GET', url: path, rawHeaders: [] },
    queryParameters(path),
    headerLists(['host', url.host]),
    ['host'],
    hash('sha256', '', 'hex'),
  )
  const signature = signatureOf(signingKeyOf(secretAccessKey, day, region, service), time, scope, canonical)
  signed.searchParams.set('X-Amz-Signature', signature.toString('hex'))
  return signed
}
