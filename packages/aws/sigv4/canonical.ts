/** What is signed: the canonical request ("Create a signed AWS API request" in the IAM user guide). */
import { hash } from 'node:crypto'

/** A request as Node has it, over HTTP/1.1 or HTTP/2. */
export interface SignedRequest {
  readonly method: string
  /** Path and query as they came. */
  readonly url: string
  /** Names and values in turns, as they came. */
  readonly rawHeaders: readonly string[]
}

/** Values by lower-case name, in the order in which they came. */
export type HeaderLists = ReadonlyMap<string, readonly string[]>

export interface QueryParameter {
  readonly name: string
  readonly value: string
}

export function headerLists(rawHeaders: readonly string[]): HeaderLists {
  const lists = new Map<string, string[]>()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase()
    const list = lists.get(name)
    if (list === undefined) lists.set(name, [rawHeaders[i + 1]])
    else list.push(rawHeaders[i + 1])
  }
  return lists
}

/** The query's parameters, decoded. A plus stays one. */
export function queryParameters(url: string): QueryParameter[] {
  const start = url.indexOf('?')
  if (start < 0 || start + 1 === url.length) return []
  return url
    .slice(start + 1)
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=')
      return equals < 0
        ? { name: decoded(part), value: '' }
        : { name: decoded(part.slice(0, equals)), value: decoded(part.slice(equals + 1)) }
    })
}

/**
 * The hash of the canonical request, in hex.
 * @param query without X-Amz-Signature
 * @param signedHeaders lower-case names, in the order of the signature
 * @param payloadHash of the body, in hex
 */
export function canonicalHash(
  { method, url }: SignedRequest,
  query: readonly QueryParameter[],
  headers: HeaderLists,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const end = url.indexOf('?')
  let text = `${method}\n${canonicalPath(end < 0 ? url : url.slice(0, end))}\n${canonicalQuery(query)}\n`
  for (const name of signedHeaders) text += `${name}:${valuesOf(headers, name).map(trimmed).join(',')}\n`
  text += `\n${signedHeaders.join(';')}\n${payloadHash}`
  // Node has the bytes of headers as latin1.
  return hash('sha256', Buffer.from(text, 'latin1'), 'hex')
}

/** HTTP/2 has the host as :authority; signers know it by both names. */
export function valuesOf(headers: HeaderLists, name: string): readonly string[] {
  const other = name === 'host' ? ':authority' : name === ':authority' ? 'host' : name
  return headers.get(name) ?? headers.get(other) ?? []
}

/** Without dots and empty segments, and encoded once more than it came, as all services but S3 want it. */
function canonicalPath(path: string): string {
  if (path === '/') return path
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(encoded(segment))
  }
  return segments.length === 0 ? '/' : `/${segments.join('/')}${path.endsWith('/') ? '/' : ''}`
}

function canonicalQuery(query: readonly QueryParameter[]): string {
  if (query.length === 0) return ''
  const pairs = query.map(({ name, value }) => [encoded(name), encoded(value)] as const)
  pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function trimmed(value: string): string {
  const ends = value.trim()
  return ends.includes('  ') || ends.includes('\t') ? ends.replaceAll(/\s+/g, ' ') : ends
}

/** All but the unreserved characters of RFC 3986. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** What is no valid encoding stays as it is. */
function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
