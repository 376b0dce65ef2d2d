import { KafkaError } from '@weir/kafka'
import { type Access, HttpError, identify, mayRead, mayWrite } from '@weir/service'
import { REFERENCE_TOPIC, TABLE_NAME, UnknownTable } from '@weir/solutions'
import { Misfit } from '@weir/topics/shape.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Reference } from './reference.ts'

const MAX_ENTRY_BYTES = 256 * 1024
const params = {
  type: 'object',
  properties: {
    table: { type: 'string', pattern: TABLE_NAME.source },
    id: { type: 'string', pattern: TABLE_NAME.source },
  },
}

interface Entry {
  readonly Params: { readonly table: string; readonly id: string }
}

/**
 * The reference tables over HTTP. Clients that may read the tables' topic can read whole tables; those that
 * may write to it can change one entry at a time. When a PUT is answered, its entry is stored; replicas
 * follow within a second.
 */
export function referenceRoutes(reference: Reference, access: Access) {
  const reads = {
    schema: { params },
    onRequest: async (request: FastifyRequest) =>
      mayRead(identify(access, request, 'Basic'), REFERENCE_TOPIC),
  }
  const writes = {
    schema: { params },
    bodyLimit: MAX_ENTRY_BYTES,
    onRequest: async (request: FastifyRequest) =>
      mayWrite(identify(access, request, 'Basic'), REFERENCE_TOPIC),
  }
  /** The client's name, if it may still write when the body has been read. */
  const by = (request: FastifyRequest<Entry>): string | undefined => {
    const client = identify(access, request)
    mayWrite(client, REFERENCE_TOPIC)
    return client.name
  }

  return (app: FastifyInstance): void => {
    app.get<Entry>(
      '/v1/reference/:table',
      reads,
      answering(({ params: { table } }) => Object.fromEntries(reference.table(table).entries)),
    )
    app.put<Entry>(
      '/v1/reference/:table/:id',
      writes,
      answering(async (request, reply) => {
        await reference.put(request.params.table, request.params.id, request.body, by(request))
        return reply.code(204).send()
      }),
    )
    app.delete<Entry>(
      '/v1/reference/:table/:id',
      writes,
      answering(async (request, reply) => {
        await reference.remove(request.params.table, request.params.id, by(request))
        return reply.code(204).send()
      }),
    )
  }
}

type Handler = (request: FastifyRequest<Entry>, reply: FastifyReply) => unknown

/**
 * Answers the errors of the tables: an invalid entry with the field that is wrong, an unknown table with the
 * tables that exist.
 */
function answering(handler: Handler) {
  return async (request: FastifyRequest<Entry>, reply: FastifyReply): Promise<unknown> => {
    try {
      return await handler(request, reply)
    } catch (error) {
      if (error instanceof Misfit) {
        return reply
          .code(400)
          .send({ error: { code: 'invalid-entry', field: error.field, message: error.message } })
      }
      if (error instanceof UnknownTable) throw new HttpError(404, 'unknown-table', error.message)
      if (error instanceof KafkaError && error.retriable) {
        throw new HttpError(503, error.code, error.message, { 'retry-after': '1' })
      }
      throw error
    }
  }
}
