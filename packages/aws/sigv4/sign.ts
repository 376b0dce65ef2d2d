/** Signs requests as AWS's clients do: AWS Signature Version 4, in the Authorization header. */
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
  /** Whole; its path and query as they will be sent. */
  readonly url: URL
  /** All of them are signed. The host is not among them. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

/**
 * The headers to send, with those that were given.
 * @param service for which the request is signed: lambda
 * @param now ms, for tests
 */
export function signatureHeaders(
  { method, url, headers = {}, body = '' }: UnsignedRequest, credentials: AwsCredentials, region: string, service: string, now: number = Date.now(),
): Record<string, string> {
  const time = basicTime(now)
  const scope = `${time.slice(0, 8)}/${region}/${service}/${TERMINATOR}`
  const sent: Record<string, string> = { ...headers, 'x-amz-date': time }
  const lists = headerLists(Object.entries({ ...sent, host: url.host }).flat())
  const signedHeaders = [...lists.keys()].sort()
  const path = `${url.pathname}${url.search}`
  const canonical = canonicalHash({ method, url: path, rawHeaders: [] }, queryParameters(path), lists, signedHeaders, hash('sha256', body, 'hex'))
  const key = signingKeyOf(credentials.secretAccessKey, time.slice(0, 8), region, service)
  const signature = signatureOf(key, time, scope, canonical).toString('hex')
  const credential = `${credentials.accessKeyId}/${scope}`
  return { ...sent, authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}` }
}
