/**
 * Reads what a request claims about its signature, in the Authorization header or in the query of a presigned
 * URL. The error texts are AWS's.
 */
import { incompleteSignature, invalidSignature, missingAuthentication } from '../errors.ts'
import { cut } from '../print.ts'
import {
  type HeaderLists,
  headerLists,
  type QueryParameter,
  queryParameters,
  type SignedRequest,
} from './canonical.ts'
import { ALGORITHM, TERMINATOR } from './key.ts'

/** A week. */
const MAX_VALIDITY_SECONDS = 604_800

/** The parameters that a presigned URL must have. */
const NEEDED = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date']

export interface Claim {
  readonly accessKeyId: string
  readonly region: string
  /** The day of the scope: 20150830. */
  readonly day: string
  readonly service: string
  /** Day, region, service and terminator: 20150830/us-east-1/kinesis/aws4_request. */
  readonly scope: string
  readonly signedHeaders: readonly string[]
  /** Hex, as received. */
  readonly signature: string
  /** As signed: 20150830T123600Z. */
  readonly time: string
  /** ms */
  readonly signedAt: number
  /** Undefined if the URL is not presigned. */
  readonly validSeconds: number | undefined
  readonly sessionToken: string | undefined
  readonly headers: HeaderLists
  /** Without the signature. */
  readonly query: readonly QueryParameter[]
}

/** Returns whether the request claims to be signed, even if it does so wrongly. */
export function isSigned({ url, rawHeaders }: SignedRequest): boolean {
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i].length === 13 && rawHeaders[i].toLowerCase() === 'authorization') return true
  return (
    url.includes('X-Amz-Algorithm') && queryParameters(url).some(({ name }) => name === 'X-Amz-Algorithm')
  )
}

/** Returns the service in the scope of the credential with which the request says that it is signed. */
export function signedService({
  url,
  headers,
}: {
  readonly url: string
  readonly headers: { readonly authorization?: string | undefined }
}): string | undefined {
  const inHeader = /\bCredential=([^,\s]+)/.exec(headers.authorization ?? '')?.[1]
  const credential =
    inHeader ??
    (url.includes('X-Amz-Credential')
      ? queryParameters(url).find(({ name }) => name === 'X-Amz-Credential')?.value
      : undefined)
  return credential?.split('/')[3]
}

/**
 * Throws AwsErrors for requests that are not signed, or not as AWS demands it. Does not check the signature
 * itself.
 * @param services the request must be signed for one of them
 */
export function claimOf(request: SignedRequest, services: readonly string[]): Claim {
  const headers = headerLists(request.rawHeaders)
  const query = queryParameters(request.url)
  const authorization = headers.get('authorization')?.[0]
  const presigned = query.some(({ name }) => name === 'X-Amz-Algorithm')
  if (authorization !== undefined && presigned) {
    throw invalidSignature(
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )
  }
  if (authorization !== undefined) return inHeader(authorization, headers, query, services)
  if (presigned) return inQuery(headers, query, services)
  throw missingAuthentication()
}

function inHeader(
  authorization: string,
  headers: HeaderLists,
  query: readonly QueryParameter[],
  services: readonly string[],
): Claim {
  const [algorithm, ...parts] = authorization.split(/[ ,]+/)
  const parameters = new Map<string, string>()
  for (const part of parts) {
    const equals = part.indexOf('=')
    if (equals > 0) parameters.set(part.slice(0, equals), part.slice(equals + 1))
  }
  const time = headers.get('x-amz-date')?.[0] ?? headers.get('date')?.[0]
  const missing = ['Credential', 'Signature', 'SignedHeaders']
    .filter((name) => !parameters.get(name))
    .map((name) => `Authorization header requires '${name}' parameter.`)
  if (!time)
    missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
  if (missing.length > 0)
    throw incompleteSignature(`${missing.join(' ')} Authorization=${cut(authorization)}`)
  checkAlgorithm(algorithm)
  return {
    ...scopeOf(parameters.get('Credential')!, time!, services),
    ...signedHeadersOf(parameters.get('SignedHeaders')!, headers),
    signature: parameters.get('Signature')!,
    validSeconds: undefined,
    sessionToken: headers.get('x-amz-security-token')?.[0],
    headers,
    query,
  }
}

function inQuery(headers: HeaderLists, query: readonly QueryParameter[], services: readonly string[]): Claim {
  const parameter = (name: string): string | undefined => query.find((given) => given.name === name)?.value
  const missing = NEEDED.filter((name) => !parameter(name))
  if (missing.length > 0) {
    const sentences = missing.map((name) => `AWS query-string parameters must include '${name}'.`)
    throw incompleteSignature(`${sentences.join(' ')} Re-examine the query-string parameters.`)
  }
  checkAlgorithm(parameter('X-Amz-Algorithm')!)
  const expires = parameter('X-Amz-Expires')
  if (
    expires !== undefined &&
    !(/^\d{1,6}$/.test(expires) && Number(expires) >= 1 && Number(expires) <= MAX_VALIDITY_SECONDS)
  ) {
    throw incompleteSignature(
      `X-Amz-Expires must be a number of seconds from 1 to ${MAX_VALIDITY_SECONDS}, a week.`,
    )
  }
  return {
    ...scopeOf(parameter('X-Amz-Credential')!, parameter('X-Amz-Date')!, services),
    ...signedHeadersOf(parameter('X-Amz-SignedHeaders')!, headers),
    signature: parameter('X-Amz-Signature')!,
    validSeconds: expires === undefined ? undefined : Number(expires),
    sessionToken: parameter('X-Amz-Security-Token'),
    headers,
    query: query.filter(({ name }) => name !== 'X-Amz-Signature'),
  }
}

function checkAlgorithm(algorithm: string): void {
  if (algorithm !== ALGORITHM) throw incompleteSignature(`Unsupported AWS 'algorithm': '${cut(algorithm)}'.`)
}

function scopeOf(
  credential: string,
  given: string,
  services: readonly string[],
): Pick<Claim, 'accessKeyId' | 'region' | 'day' | 'service' | 'scope' | 'time' | 'signedAt'> {
  const parts = credential.split('/')
  if (parts.length !== 5) {
    throw incompleteSignature(
      'Credential must have exactly 5 slash-delimited elements, ' +
        `e.g. keyid/date/region/service/term, got '${cut(credential)}'`,
    )
  }
  const [accessKeyId, day, region, service, terminator] = parts
  const signedAt = timeOf(given)
  if (signedAt === undefined) {
    throw incompleteSignature(
      `Date must be in ISO-8601 'basic format'. Got '${cut(given)}'. ` +
        'See http://en.wikipedia.org/wiki/ISO_8601',
    )
  }
  const time = basicTime(signedAt)
  const wrong: string[] = []
  if (!/^[a-z0-9-]{1,64}$/.test(region)) {
    wrong.push(`Credential should be scoped to a valid region, not '${cut(region)}'. `)
  }
  if (!services.includes(service)) wrong.push(wrongService(services))
  if (terminator !== TERMINATOR) {
    wrong.push(
      `Credential should be scoped with a valid terminator: '${TERMINATOR}', not '${cut(terminator)}'. `,
    )
  }
  if (day !== time.slice(0, 8)) {
    wrong.push(
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
        `'${cut(day)}' != '${time.slice(0, 8)}', from '${time}'. `,
    )
  }
  if (wrong.length > 0) throw invalidSignature(wrong.join(''))
  return {
    accessKeyId,
    region,
    day,
    service,
    scope: `${day}/${region}/${service}/${TERMINATOR}`,
    time,
    signedAt,
  }
}

/** Returns AWS's sentence about a request that is signed for another service. */
export function wrongService(services: readonly string[]): string {
  return `Credential should be scoped to correct service: '${services.join("' or '")}'. `
}

/**
 * Returns the names of the signed headers. These must include the host and all headers that mean something to
 * AWS, so that nobody can change them.
 */
function signedHeadersOf(text: string, headers: HeaderLists): { signedHeaders: string[] } {
  const signedHeaders = text.split(';')
  const signed = new Set(signedHeaders)
  if (!signed.has('host') && !signed.has(':authority')) {
    throw invalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
  }
  const unsigned = [...headers.keys()].filter((name) => name.startsWith('x-amz-') && !signed.has(name))
  if (unsigned.length > 0) {
    const names = cut(unsigned.join(', '))
    throw invalidSignature(`There were headers present in the request which were not signed: ${names}`)
  }
  return { signedHeaders }
}

/** Returns ms since 1970, for 20150830T123600Z and for the form of the Date header. */
function timeOf(text: string): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  const inBasicFormat = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`
  const ms =
    year !== undefined
      ? Date.parse(inBasicFormat)
      : /^[A-Z][a-z]{2}, .* GMT$/.test(text)
        ? Date.parse(text)
        : NaN
  return Number.isNaN(ms) ? undefined : ms
}

/** 20150830T123600Z */
export function basicTime(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
}
