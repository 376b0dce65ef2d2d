/** The answers of HTTP endpoints (Firehose developer guide, "HTTP endpoint delivery request and response specifications"). */
import { EgressError, type EgressErrorCode, type EgressResponse } from '@weir/egress'
import type { Failure } from './place.ts'

export const MAX_ANSWER_BYTES = 1 << 20
const MAX_SHOWN_LENGTH = 1000
const TOO_LARGE = 413

/** The developer guide's names for failures without an answer. */
const CODES: Partial<Readonly<Record<EgressErrorCode, string>>> = {
  timeout: 'HttpEndpoint.RequestTimeout',
  reset: 'HttpEndpoint.ConnectionReset',
  tls: 'HttpEndpoint.SSLHandshakeFailure',
  'bad-response': 'HttpEndpoint.InvalidResponseFromDestination',
}

/** Throws any other error. */
export function failureWithoutAnswer(error: unknown): Failure {
  if (!(error instanceof EgressError)) throw error
  const code = CODES[error.code] ?? 'HttpEndpoint.ConnectionFailed'
  return { code, message: error.message, isPermanent: false }
}

/** Undefined if the answer says that the endpoint has the records. @param secret is not shown */
export function failureOf(answer: EgressResponse, requestId: string, secret: string): Failure | undefined {
  const { status, body } = answer
  if (body.length > MAX_ANSWER_BYTES)
    return failure('ResponseTooLarge', `The answer has more than ${MAX_ANSWER_BYTES} bytes.`)
  if (status !== 200) {
    const message = `The following response was received from the endpoint destination. ${status}: ${shown(body, secret)}`
    return { ...failure('DestinationException', message), isPermanent: status === TOO_LARGE }
  }
  const complaint = complaintOf(answer, requestId)
  if (complaint === undefined) return undefined
  const message = `The answer with status 200 ${complaint}: ${shown(body, secret)}`
  return failure('InvalidResponseFromDestination', message)
}

const failure = (code: string, message: string): Failure => ({
  code: `HttpEndpoint.${code}`,
  message,
  isPermanent: false,
})

function complaintOf({ headers, body }: EgressResponse, requestId: string): string | undefined {
  if (headers['content-encoding'] !== undefined) return 'is compressed'
  if (headers['content-length'] === undefined) return 'has no Content-Length'
  if (!/^application\/json\s*(;|$)/i.test(String(headers['content-type'])))
    return 'has a Content-Type that is not application/json'
  let answered: { readonly requestId?: unknown; readonly timestamp?: unknown } | null
  try {
    answered = JSON.parse(body.toString())
  } catch {
    return 'is not JSON'
  }
  if (answered?.requestId !== requestId) return 'does not have the requestId of the request'
  if (!Number.isFinite(answered.timestamp)) return 'has no timestamp'
  return undefined
}

/** Returns the text without the secret, which a receiver may repeat. */
function shown(body: Buffer, secret: string): string {
  const text = body.toString('utf8', 0, 4 * MAX_SHOWN_LENGTH).slice(0, MAX_SHOWN_LENGTH + secret.length)
  return (secret === '' ? text : text.replaceAll(secret, '***')).slice(0, MAX_SHOWN_LENGTH)
}
