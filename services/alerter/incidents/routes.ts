/** Incidents over HTTP, for people and their programs. */
import type { Incident, IncidentAction } from '@weir/contracts'
import { KafkaError } from '@weir/kafka'
import {
  type Access,
  type Client,
  HttpError,
  identify,
  isFromForeignPage,
  mayRead,
  mayWrite,
} from '@weir/service'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Incidents } from './incidents.ts'

export interface IncidentRoutesOptions {
  readonly incidents: Incidents
  readonly access: Access
}

/** Who may read this topic sees incidents, and who may write to it acknowledges and resolves them. */
export const INCIDENTS = 'weir.incidents'

const MAX_LISTED = 500
const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'

const LIST = {
  type: 'object',
  additionalProperties: false,
  properties: {
    status: { type: 'string', enum: ['open', 'acknowledged', 'resolved', 'unresolved'] },
    topic: { type: 'string', minLength: 1, maxLength: 256 },
    limit: { type: 'integer', minimum: 1, maximum: MAX_LISTED, default: 100 },
  },
} as const
const ONE = { type: 'object', properties: { id: { type: 'string', pattern: UUID } } } as const

interface Listed {
  readonly status?: Incident['status'] | 'unresolved'
  readonly topic?: string
  readonly limit: number
}

/** An incident as people see it: without the token, which would acknowledge it without a key. */
export type ShownIncident = Omit<Incident, 'token' | 'attributes' | 'topicId'>

export function shown({
  token: _token,
  attributes: _attributes,
  topicId: _topicId,
  ...rest
}: Incident): ShownIncident {
  return rest
}

export function incidentRoutes(app: FastifyInstance, { incidents, access }: IncidentRoutesOptions): void {
  const reader = (request: FastifyRequest): void => mayRead(identify(access, request, 'Basic'), INCIDENTS)

  app.get<{ Querystring: Listed }>(
    '/v1/incidents',
    { schema: { querystring: LIST }, onRequest: async (request) => reader(request) },
    async ({ query: { status, topic, limit } }, reply) => {
      const all = incidents
        .list()
        .filter((one) => topic === undefined || one.topic === topic)
        .filter((one) => status === undefined || isIn(one, status))
      return reply
        .header('cache-control', 'no-store')
        .send({ incidents: all.slice(0, limit).map(shown), more: all.length > limit })
    },
  )

  app.get<{ Params: { id: string } }>(
    '/v1/incidents/:id',
    { schema: { params: ONE }, onRequest: async (request) => reader(request) },
    async ({ params: { id } }, reply) =>
      reply.header('cache-control', 'no-store').send(shown(await found(incidents, id))),
  )

  for (const action of ['acknowledge', 'resolve'] as const) {
    app.post<{ Params: { id: string } }>(
      `/v1/incidents/:id/${action}`,
      {
        schema: { params: ONE },
        bodyLimit: 1024,
        onRequest: async (request) => void writer(access, request),
      },
      async (request, reply) => {
        const client = writer(access, request)
        const incident = await found(incidents, request.params.id)
        return reply.send(
          shown(await requested(incidents, incident, action, client.name ?? 'a local client')),
        )
      },
    )
  }
}

function isIn({ status }: Incident, wanted: NonNullable<Listed['status']>): boolean {
  return wanted === 'unresolved' ? status !== 'resolved' : status === wanted
}

/** A browser adds a key that it remembers to what other sites send. */
function writer(access: Access, request: FastifyRequest): Client {
  const client = identify(access, request, 'Basic')
  mayWrite(client, INCIDENTS)
  if (isFromForeignPage(request.headers) && URL.parse(request.headers.origin ?? '')?.host !== request.host)
    throw new HttpError(403, 'foreign-page', 'Only pages of this service may change incidents.')
  return client
}

/** Resolves to the incident. Throws 404 if there is none. */
export async function found(incidents: Incidents, id: string): Promise<Incident> {
  if (incidents.get(id) === undefined) await incidents.catchUp()
  const incident = incidents.get(id)
  if (incident === undefined)
    throw new HttpError(
      404,
      'unknown-incident',
      'There is no such incident; it may have been opened again since.',
    )
  return incident
}

/** Resolves to the incident after the request. Throws 503 if the request is not known to be stored. */
export async function requested(
  incidents: Incidents,
  incident: Incident,
  action: IncidentAction,
  by: string,
): Promise<Incident> {
  try {
    return await incidents.request(incident, action, by)
  } catch (error) {
    if (error instanceof KafkaError)
      throw new HttpError(503, error.code, error.message, { 'retry-after': '1' })
    throw error
  }
}
