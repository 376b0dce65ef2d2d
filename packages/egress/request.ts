/** A request and its response, and the form in which undici takes them. */
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { EgressError } from './errors.ts'
import type { Target } from './target.ts'

const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const

export interface EgressRequest {
  /** May have a user and a password, which are sent as basic authentication if no header has another one. */
  readonly url: string
  readonly method: (typeof METHODS)[number]
  /** Without those that frame the request or name its host: they follow from the URL and the body. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
  /** Limits everything together: waiting for a connection, redirects, and reading the response. */
  readonly timeoutMs: number
  /** The response's body is cut at this length. */
  readonly maxResponseBytes: number
  /**
   * The redirects that are followed; 0 if not given. Every further redirect is the response, and so is one
   * from https to http.
   */
  readonly maxRedirects?: number
  /** If it aborts, the request is rejected with the signal's reason. */
  readonly signal?: AbortSignal
}

export interface EgressResponse {
  readonly status: number
  /** Keys are names in lower case. The value is a list if the name occurs more than once. */
  readonly headers: Readonly<Record<string, string | string[]>>
  /** Its bytes are not decompressed. */
  readonly body: Buffer
  /** The IP address that the request was sent to. */
  readonly remoteAddress: string
}

/** Headers that frame the request, choose its host or change the protocol. */
const REFUSED_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Returns names and values in turn. Throws an EgressError for a method or a header that the caller must not
 * set; it names the header, and never shows its value.
 */
export function headersOf({ method, headers = {} }: EgressRequest, target: Target): string[] {
  if (!METHODS.includes(method))
    throw new EgressError('invalid-request', `The method is not one of ${METHODS.join(', ')}.`)
  const flat: string[] = []
  let isAuthorized = false
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (REFUSED_HEADERS.has(lower))
      throw new EgressError('invalid-request', `The header ${lower} cannot be set.`)
    validate(name, value)
    if (lower === 'authorization') isAuthorized = true
    flat.push(name, value)
  }
  if (!isAuthorized && target.authorization !== undefined) flat.push('authorization', target.authorization)
  return flat
}

function validate(name: string, value: string): void {
  try {
    validateHeaderName(name)
  } catch {
    throw new EgressError('invalid-request', 'The name of a header has a character that HTTP does not allow.')
  }
  try {
    validateHeaderValue(name, value)
  } catch {
    throw new EgressError(
      'invalid-request',
      `The value of the header ${name} has a character that HTTP does not allow.`,
    )
  }
}
