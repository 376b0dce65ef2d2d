/** Errors as clients see them: `{ "error": { "code", "message" } }`, with no internal details. */
import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** An answer with an error. The message is for the client: one sentence with the remedy. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly statusCode: number
  /** For programs: lower case and dashes. */
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(
    statusCode: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.statusCode = statusCode
    this.code = code
    this.headers = headers
  }
}

export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string }
}

export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof HttpError)
      return reply.code(error.statusCode).headers(error.headers).send(answer(error.code, error.message))
    const status = error.statusCode ?? 500
    if (status < 500 && (error.validation || error.code?.startsWith('FST_ERR_')))
      return reply.code(status).send(answer(slug(status), cut(error.message)))
    if (status < 500 && status >= 400)
      return reply.code(status).send(answer(slug(status), `${STATUS_CODES[status]}.`))
    request.log.error({ err: error }, 'a request failed inside')
    return reply
      .code(500)
      .send(
        answer(
          'internal',
          'The request failed inside the service; its log has the cause under the trace id of this request.',
        ),
      )
  })
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send(
        answer('not-found', `${request.method} ${cut(request.url.split('?', 1)[0])} is not served here.`),
      ),
  )
}

/**
 * Answers requests whose URL reaches neither a route nor a hook: its encoding is broken, or a part of it is
 * too long.
 */
export function refuseAddress(
  { message, statusCode = 400 }: FastifyError,
  _request: FastifyRequest,
  { raw }: FastifyReply,
): void {
  raw
    .writeHead(statusCode, { 'content-type': 'application/json; charset=utf-8' })
    .end(JSON.stringify(answer(slug(statusCode), cut(message))))
}

/** Messages may quote what the client sent, which can be of any length. */
const MAX_QUOTED = 1000
const cut = (text: string): string => (text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text)

const answer = (code: string, message: string): ErrorAnswer => ({ error: { code, message } })

const slug = (status: number): string =>
  (STATUS_CODES[status] ?? 'error').toLowerCase().replaceAll(/[^a-z]+/g, '-')
