/** Answers to submitted records. A success (200) is only said when every record is stored. */
import type { FastifyReply } from 'fastify'
import { HttpError } from '@weir/service'
import type { Outcome } from './outcome.ts'

/** Seconds after which a client may try again. Under pressure room comes back within a moment; a broker takes its time. */
export const RETRY_AFTER = { pressure: '1', broker: '5' } as const

export function underPressure(): HttpError {
  return new HttpError(429, 'under-pressure', 'More is coming in than can be stored now; send it again later.', { 'retry-after': RETRY_AFTER.pressure })
}

export function withoutBroker(): HttpError {
  return new HttpError(503, 'no-broker', 'No broker answers, so nothing can be stored now; send it again later.', { 'retry-after': RETRY_AFTER.broker })
}

/** @param ids of the records in their order, for a client that asked for them */
export function answer(reply: FastifyReply, outcome: Outcome, ids: readonly string[] | undefined): FastifyReply {
  const { stored, failed, errors } = outcome
  void reply.type('application/json; charset=utf-8')
  if (errors.length === 0) return reply.send(ids === undefined ? `{"stored":${stored}}` : JSON.stringify({ stored, ids }))
  const list = { stored, failed, errors, ...(ids !== undefined && { ids }) }
  const reason = outcome.retriableReason()
  if (reason === undefined) return reply.code(207).send(JSON.stringify(list))
  const { statusCode, code, message, headers } = reason === 'buffer-full' ? underPressure() : unavailable(reason)
  return reply.code(statusCode).headers(headers).send(JSON.stringify({ error: { code, message }, ...list }))
}

function unavailable(reason: string): HttpError {
  return new HttpError(503, reason, 'Nothing of this request is known to be stored; send it again with the same ids.', { 'retry-after': RETRY_AFTER.broker })
}
