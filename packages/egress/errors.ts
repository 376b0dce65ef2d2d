/**
 * Everything that can go wrong with an outgoing request: a closed list. `retriable` says whether the same
 * request can succeed later without anyone changing it. A response with any status is not an error.
 */
const CODES = {
  'invalid-url': { retriable: false, remedy: 'give a URL such as https://example.com/path' },
  'invalid-request': { retriable: false, remedy: 'correct the method or the header' },
  'refused-address': {
    retriable: false,
    remedy: 'give a URL with a public address, or let the operator list the address in EGRESS_ALLOW',
  },
  dns: { retriable: true, remedy: 'check the name and its DNS records' },
  connect: {
    retriable: true,
    remedy: 'check that the server listens and that its firewall lets requests in',
  },
  tls: { retriable: true, remedy: 'check the certificate, its chain and its host names' },
  timeout: {
    retriable: true,
    remedy: 'the outcome is unknown; repeat the request, or make the server answer faster',
  },
  reset: { retriable: true, remedy: 'the outcome is unknown; repeat the request' },
  'bad-response': { retriable: true, remedy: 'make the server answer in HTTP/1.1 with smaller headers' },
  overloaded: { retriable: true, remedy: 'send more slowly, or repeat the request later' },
  stopped: { retriable: true, remedy: 'the process is stopping; repeat against another replica' },
} as const

export type EgressErrorCode = keyof typeof CODES

/**
 * Names the receiver by scheme, host and port only: a path, a query string or credentials can be secrets.
 * It has no cause either: errors of the HTTP client contain parts of the response.
 */
export class EgressError extends Error {
  override readonly name = 'EgressError'
  readonly code: EgressErrorCode
  readonly retriable: boolean
  /** The message without its code and remedy. */
  readonly what: string

  constructor(code: EgressErrorCode, what: string) {
    super(`${what} (${code}): ${CODES[code].remedy}`)
    this.code = code
    this.what = what
    this.retriable = CODES[code].retriable
  }
}
