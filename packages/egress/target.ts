/** The receiver that a URL names. */
import { EgressError } from './errors.ts'
import { isFetchable } from './ports.ts'

export interface Target {
  /** Scheme, host and port: connections are shared by requests to the same origin only. */
  readonly origin: string
  readonly isSecure: boolean
  /** In the form of URLs: lower case, IPv6 in brackets, IPv4 as four decimal numbers. */
  readonly hostname: string
  readonly port: number
  /** The path and the query string. */
  readonly path: string
  /** Basic authentication, if the URL has a user and a password (RFC 7617). */
  readonly authorization: string | undefined
  readonly url: URL
}

/** Common servers and proxies refuse longer request lines. */
const MAX_URL_LENGTH = 8192
/** RFC 1035, section 2.3.4, in text form. */
const MAX_HOSTNAME_LENGTH = 253

const invalid = (what: string): EgressError => new EgressError('invalid-url', what)

/**
 * Parses the URL as browsers do, so that 0x7f.1 and 2130706433 are read as the addresses that they spell.
 * Throws an EgressError for a URL that is not one of HTTP, or that has a port which fetch refuses.
 * @param base for a URL that is relative to another one
 */
export function parseTarget(text: string, base?: URL): Target {
  if (text.length > MAX_URL_LENGTH)
    throw invalid(`The URL has ${text.length} characters; ${MAX_URL_LENGTH} are the most.`)
  const url = URL.parse(text, base?.href)
  if (url === null) throw invalid('The URL cannot be parsed.')
  const isSecure = url.protocol === 'https:'
  if (!isSecure && url.protocol !== 'http:')
    throw invalid(
      `The URL has the scheme ${url.protocol.slice(0, 32)} but only http: and https: are supported.`,
    )
  if (url.hostname.length > MAX_HOSTNAME_LENGTH)
    throw invalid(
      `The host of the URL has ${url.hostname.length} characters; ${MAX_HOSTNAME_LENGTH} are the most.`,
    )
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port)
  if (port === 0 || !isFetchable(port))
    throw invalid(`The URL has port ${port}, which is not one of web servers.`)
  return {
    origin: url.origin,
    isSecure,
    hostname: url.hostname,
    port,
    path: url.pathname + url.search,
    authorization: basicAuthorization(url),
    url,
  }
}

function basicAuthorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return `Basic ${Buffer.from(credentials).toString('base64')}`
  } catch {
    throw invalid('The user or the password in the URL has a % that does not begin an encoded character.')
  }
}
