/** The contract of SageMaker's containers, for the service's default endpoint: /ping and /invocations. */
import { type Access, BodyRefused, HttpError, identify, leaseOf, mayRead, readChunks } from '@weir/service'
import type { FastifyInstance } from 'fastify'
import type { Endpoints } from '../endpoints/endpoints.ts'
import { topicOf } from '../http/endpoint-routes.ts'
import { ModelFault } from '../models/faults.ts'
import { CONTAINER_STATUS, MAX_BODY_BYTES, predict } from './runtime-api.ts'

export interface ContainerOptions {
  readonly endpoints: Pick<Endpoints, 'get'>
  readonly access: Access
  /** The endpoint that answers. */
  readonly endpoint: string
}

/** A request's type may be any: the formats are known behind the routes. */
export async function containerRoutes(app: FastifyInstance, options: ContainerOptions): Promise<void> {
  const { endpoints, access, endpoint: name } = options
  const serving = () => {
    const endpoint = endpoints.get(name)
    if ((endpoint?.serving?.variants.length ?? 0) > 0) return endpoint!
    throw new HttpError(
      503,
      'not-ready',
      `The endpoint ${name} does not serve a version of its model here yet.`,
    )
  }
  app.addContentTypeParser('*', async () => undefined)
  app.removeContentTypeParser('application/json')

  app.get('/ping', async (_request, reply) => {
    serving()
    return reply.send('')
  })

  app.post(
    '/invocations',
    { onRequest: async (request) => mayRead(identify(access, request), topicOf(name)) },
    async (request, reply) => {
      const endpoint = serving()
      const lease = leaseOf(request)
      const read = await readChunks(request.raw, MAX_BODY_BYTES, lease).catch(refused)
      if (read === undefined)
        throw new HttpError(400, 'cut-off', 'The connection closed before the body ended.')
      const { 'content-type': contentType, accept } = request.headers
      const body = Buffer.concat(read.chunks, read.length)
      try {
        const answer = await predict(endpoint, { lease, body, contentType, accept })
        return reply.type(answer.contentType).send(answer.body)
      } catch (error) {
        if (error instanceof ModelFault)
          throw new HttpError(CONTAINER_STATUS[error.code], error.code, error.message)
        throw error
      }
    },
  )
}

function refused(error: unknown): never {
  if (!(error instanceof BodyRefused)) throw error
  throw error.reason === 'too-large'
    ? new HttpError(413, 'too-large', `The body is longer than ${MAX_BODY_BYTES} bytes.`)
    : new HttpError(503, 'overloaded', 'There is no room for the body now; send it again later.')
}
