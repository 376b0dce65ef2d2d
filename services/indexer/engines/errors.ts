/**
 * What can go wrong with a whole request to a search engine: a closed list. `retriable` says whether the same
 * request can succeed later.
 */
const CODES = {
  unreachable: { retriable: true, remedy: 'check that the engine runs at SEARCH_URL' },
  timeout: { retriable: true, remedy: 'the outcome is unknown; the same request is repeated' },
  overloaded: { retriable: true, remedy: 'the engine asks to be sent less' },
  unavailable: { retriable: true, remedy: "look at the engine's log" },
  refused: { retriable: true, remedy: 'check SEARCH_USERNAME, SEARCH_PASSWORD and the rights of that user' },
  blocked: { retriable: true, remedy: 'free disk space where it is short, and unset cluster.blocks.*' },
  unexpected: {
    retriable: true,
    remedy: "check SEARCH_ENGINE, the engine's version, and what stands between",
  },
  'too-large': {
    retriable: false,
    remedy: 'send less at once or raise http.max_content_length of the engine',
  },
  rejected: { retriable: false, remedy: 'a document of the request does not fit' },
  'not-this-engine': { retriable: true, remedy: 'check that SEARCH_ENGINE names what runs at SEARCH_URL' },
} as const

export type EngineErrorCode = keyof typeof CODES

export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode
  readonly retriable: boolean
  /** Tells people what to do. */
  readonly remedy: string

  constructor(code: EngineErrorCode, what: string, cause?: unknown) {
    super(`${what} (${code}): ${CODES[code].remedy}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.retriable = CODES[code].retriable
    this.remedy = CODES[code].remedy
  }
}

/** What both clients throw: they share an ancestor, and with it the names of their errors. */
interface ClientError {
  readonly name?: string
  readonly message?: string
  readonly statusCode?: number
  readonly meta?: { readonly statusCode?: number | null; readonly body?: unknown }
}

/** The engine error of whatever a client threw. */
export function engineError(engine: string, cause: unknown): EngineError {
  const error = (cause ?? {}) as ClientError
  const status = error.statusCode ?? error.meta?.statusCode ?? 0
  const what = `${engine}: ${whatWasSaid(error)}`
  switch (error.name) {
    case 'TimeoutError':
      return new EngineError('timeout', what, cause)
    case 'ProductNotSupportedError':
      return new EngineError('not-this-engine', what, cause)
    case 'ResponseError':
      return new EngineError(codeOf(status, answered(error)), what, cause)
    // A reply that is no JSON, or none of the engine's: a proxy or a half-started server speaks.
    case 'DeserializationError':
      return new EngineError('unavailable', what, cause)
    default:
      return new EngineError('unreachable', what, cause)
  }
}

/**
 * The error's type counts before the status: a blocked cluster answers 403, and so does one that refuses the
 * user.
 */
function codeOf(status: number, { type, reason = '' }: EngineAnswer): EngineErrorCode {
  if (type === 'cluster_block_exception' && status !== 503) return 'blocked'
  if (status === 429) return 'overloaded'
  if (status === 401 || status === 403) return 'refused'
  if (status === 413) return 'too-large'
  if (type === 'action_request_validation_exception' && OF_AN_ID.test(reason)) return 'rejected'
  if (status === 400) return 'unexpected'
  // A missing path is the address of something else, or of an engine that is still starting.
  return 'unavailable'
}

/**
 * Both engines say "Validation Failed: 1: id [...] is too long, must be no longer than 512 bytes"
 * (IndexRequest.validate).
 */
const OF_AN_ID = /^Validation Failed: 1: id \[/

interface EngineAnswer {
  readonly type?: string
  readonly reason?: string
}

/**
 * The error in the body of the answer. Something that is not the engine may answer a sentence, or nothing.
 */
function answered({ meta }: ClientError): EngineAnswer {
  const error = (meta?.body as { error?: EngineAnswer | string } | undefined)?.error
  return typeof error === 'string' ? { reason: error } : (error ?? {})
}

function whatWasSaid(error: ClientError): string {
  const { type, reason } = answered(error)
  const said = [type, reason].filter(Boolean).join(': ')
  return (said || error.message || error.name || 'no reason given').slice(0, 500)
}
