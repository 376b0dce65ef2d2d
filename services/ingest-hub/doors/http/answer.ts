/** Answers to submitted records. Answers 200 only if every record is stored. */

import { HttpError, leaseOf, underPressure } from '@weir/service'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Outcome } from './outcome.ts'

/** Seconds after which a client may retry: a broker takes a while to come back. */
const RETRY_AFTER = '5'

export function withoutBroker(): HttpError {
  return new HttpError(
    503,
    'no-broker',
    'No broker answers, so records cannot be stored now; send them again later.',
    { 'retry-after': RETRY_AFTER },
  )
}

/** @param ids the ids of the records in their order, if the client asked for them */
export function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  outcome: Outcome,
  ids: readonly string[] | undefined,
): FastifyReply {
  const reason = outcome.retriableReason()
  if (ids === undefined && !leaseOf(request).cover(outcome.listBytes)) outcome.shorten()
  const { stored, failed, errors } = outcome
  void reply.type('application/json; charset=utf-8')
  if (errors.length === 0)
    return reply.send(ids === undefined ? `{"stored":${stored}}` : JSON.stringify({ stored, ids }))
  const list = { stored, failed, errors, ...(ids !== undefined && { ids }) }
  if (reason === undefined) return reply.code(207).send(JSON.stringify(list))
  const { statusCode, code, message, headers } =
    reason === 'buffer-full' ? underPressure() : unavailable(reason)
  return reply
    .code(statusCode)
    .headers(headers)
    .send(JSON.stringify({ error: { code, message }, ...list }))
}

function unavailable(reason: string): HttpError {
  return new HttpError(
    503,
    reason,
    'It is unknown whether the records of this request were stored; send them again with the same ids.',
    { 'retry-after': RETRY_AFTER },
  )
}
