/** What can go wrong with a whole request to a search engine: a closed list. `retriable` says whether the same request can succeed later. */
const CODES = {
  'unreachable': { retriable: true, remedy: 'check that the engine runs at SEARCH_URL' },
  'timeout': { retriable: true, remedy: 'the outcome is unknown; the same request is repeated' },
  'overloaded': { retriable: true, remedy: 'the engine asks to be sent less' },
  'unavailable': { retriable: true, remedy: 'look at the engine\'s log' },
  'refused': { retriable: true, remedy: 'check SEARCH_USERNAME, SEARCH_PASSWORD and the rights of that user' },
  'too-large': { retriable: false, remedy: 'send less at once or raise http.max_content_length of the engine' },
  'rejected': { retriable: false, remedy: 'the engine cannot understand this request' },
  'not-this-engine': { retriable: true, remedy: 'check that SEARCH_ENGINE names what runs at SEARCH_URL' },
} as const

export type EngineErrorCode = keyof typeof CODES

export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode
  readonly retriable: boolean

  constructor(code: EngineErrorCode, what: string, cause?: unknown) {
    super(`${what} (${code}): ${CODES[code].remedy}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.retriable = CODES[code].retriable
  }
}

/** What both clients throw: they share an ancestor, and with it the names of their errors. */
interface ClientError {
  readonly name?: string
  readonly message?: string
  readonly statusCode?: number
  readonly meta?: { readonly statusCode?: number | null, readonly body?: unknown }
}

/** The engine error of whatever a client threw. */
export function engineError(engine: string, cause: unknown): EngineError {
  const error = (cause ?? {}) as ClientError
  const status = error.statusCode ?? error.meta?.statusCode ?? 0
  const what = `${engine}: ${reason(error)}`
  switch (error.name) {
    case 'TimeoutError': return new EngineError('timeout', what, cause)
    case 'ProductNotSupportedError': return new EngineError('not-this-engine', what, cause)
    case 'ResponseError': return new EngineError(codeOf(status), what, cause)
    // A reply that is no JSON, or none of the engine's: a proxy or a half-started server speaks.
    case 'DeserializationError': return new EngineError('unavailable', what, cause)
    default: return new EngineError('unreachable', what, cause)
  }
}

function codeOf(status: number): EngineErrorCode {
  if (status === 429) return 'overloaded'
  if (status === 401 || status === 403) return 'refused'
  if (status === 413) return 'too-large'
  // A missing path is the address of something else, or of an engine that is still starting; only 400 judges the request itself.
  if (status === 400) return 'rejected'
  return 'unavailable'
}

function reason({ meta, message, name }: ClientError): string {
  const body = meta?.body as { error?: { type?: string, reason?: string } | string } | undefined
  const error = body?.error
  if (typeof error === 'string') return error
  if (error?.type) return `${error.type}: ${error.reason ?? ''}`.slice(0, 500)
  return (message || name || 'no reason given').slice(0, 500)
}
