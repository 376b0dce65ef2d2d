/** The canonical request, which is signed (IAM user guide, "Create a signed AWS API request"). */
import { hash } from 'node:crypto'

/** A request over HTTP/1.1 or HTTP/2, as Node represents it. */
export interface SignedRequest {
  readonly method: string
  /** The path and the query, as received. */
  readonly url: string
  /** Names and values alternate, as received. */
  readonly rawHeaders: readonly string[]
}

/** The values by lower-case name, in the order of the request. */
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

/** Returns the decoded parameters of the query. A plus sign does not mean a space. */
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
 * Returns the hash of the canonical request, in hex.
 * @param query without X-Amz-Signature
 * @param signedHeaders lower-case names, in the order of the signature
 * @param payloadHash the hash of the body, in hex
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
  // Node decodes headers as latin1.
  return hash('sha256', Buffer.from(text, 'latin1'), 'hex')
}

/** HTTP/2 names the host :authority; signers use either name. */
export function valuesOf(headers: HeaderLists, name: string): readonly string[] {
  const other = name === 'host' ? ':authority' : name === ':authority' ? 'host' : name
  return headers.get(name) ?? headers.get(other) ?? []
}

/** Removes dots and empty segments, and encodes once more; AWS does so for all services but S3. */
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

/** Encodes all characters but the unreserved ones of RFC 3986. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** Leaves invalid encodings as they are. */
function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
