import { DestinationError, type FailureKind } from '@weir/sinks'

/** The errors of a whole request to a search engine: a closed list. */
const CODES = {
  unreachable: { kind: 'unavailable', remedy: 'check that the engine runs at SEARCH_URL' },
  timeout: { kind: 'timeout', remedy: 'the outcome is unknown; the same request is repeated' },
  overloaded: { kind: 'overloaded', remedy: 'the engine is overloaded; send less' },
  unavailable: { kind: 'unavailable', remedy: "look at the engine's log" },
  refused: {
    kind: 'unavailable',
    remedy: 'check SEARCH_USERNAME, SEARCH_PASSWORD and the rights of that user',
  },
  blocked: {
    kind: 'unavailable',
    remedy: 'free disk space on nodes that are full, and unset cluster.blocks.*',
  },
  unexpected: {
    kind: 'unavailable',
    remedy: "check SEARCH_ENGINE, the engine's version, and any proxy in between",
  },
  'too-large': {
    kind: 'rejected',
    remedy: 'send less at once, or raise http.max_content_length of the engine',
  },
  rejected: { kind: 'rejected', remedy: 'a document of the request does not fit' },
  'not-this-engine': {
    kind: 'unavailable',
    remedy: 'check that SEARCH_ENGINE names the engine at SEARCH_URL',
  },
} as const satisfies Record<string, { kind: FailureKind; remedy: string }>

export type EngineErrorCode = keyof typeof CODES

export class EngineError extends DestinationError {
  override readonly name = 'EngineError'

  constructor(code: EngineErrorCode, what: string, cause?: unknown) {
    super(CODES[code].kind, code, what, CODES[code].remedy, cause)
  }
}

/**
 * The errors that both clients throw: the clients share an ancestor, and with it the names of their errors.
 */
interface ClientError {
  readonly name?: string
  readonly message?: string
  readonly statusCode?: number
  readonly meta?: { readonly statusCode?: number | null; readonly body?: unknown }
}

/** Translates anything that a client threw to an EngineError. */
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
    // The reply is not JSON, or not the engine's: it comes from a proxy or a half-started server.
    case 'DeserializationError':
      return new EngineError('unavailable', what, cause)
    default:
      return new EngineError('unreachable', what, cause)
  }
}

/**
 * The error's type takes precedence over the status: a blocked cluster answers 403, and so does one that
 * refuses the user.
 */
function codeOf(status: number, { type, reason = '' }: EngineAnswer): EngineErrorCode {
  if (type === 'cluster_block_exception' && status !== 503) return 'blocked'
  if (status === 429) return 'overloaded'
  if (status === 401 || status === 403) return 'refused'
  if (status === 413) return 'too-large'
  if (type === 'action_request_validation_exception' && OF_AN_ID.test(reason)) return 'rejected'
  if (status === 400) return 'unexpected'
  // A missing path means that something else is at the address, or an engine that is still starting.
  return 'unavailable'
}

/**
 * Both engines answer "Validation Failed: 1: id [...] is too long, must be no longer than 512 bytes"
 * (IndexRequest.validate).
 */
const OF_AN_ID = /^Validation Failed: 1: id \[/

interface EngineAnswer {
  readonly type?: string
  readonly reason?: string
}

/**
 * The error in the body of the answer. A server that is not the engine may answer with a sentence, or with
 * nothing.
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
