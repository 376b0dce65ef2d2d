/** Endpoints of models over HTTP, for people and their programs: versions, variants and their weights, rollback. */
import { KafkaError } from '@weir/kafka'
import { type Access, HttpError, identify, mayRead, mayWrite } from '@weir/service'
import { Misfit, object, read, type Shape } from '@weir/topics/shape.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ChangeRefused, create, existing, register, replacePlan, rollBack } from '../endpoints/changes.ts'
import type { Endpoints } from '../endpoints/endpoints.ts'
import { type EndpointState, endpointName, plan, settings, versionName } from '../endpoints/entries.ts'
import { contract } from '../models/features.ts'

export interface EndpointRoutesOptions {
  readonly endpoints: Endpoints
  readonly access: Access
}

interface Named {
  readonly Params: { readonly endpoint: string }
}

const MAX_BODY_BYTES = 256 << 10
const NAME = {
  type: 'object',
  properties: { endpoint: { type: 'string', minLength: 1, maxLength: 63 } },
} as const
const DEFAULT_SETTINGS = { timeLimitMs: 1000, gatherMs: 1 }
const STATUS = { unknown: 404, conflict: 409, invalid: 400 } as const

const wantedEndpoint = object({ contract }, { settings })
const wantedVersion = object({ version: versionName })

/** Who may read the topic `endpoint.NAME` sees an endpoint, and who may write to it changes the endpoint. */
export const topicOf = (endpoint: string): string => `endpoint.${endpoint}`

export function endpointRoutes(app: FastifyInstance, { endpoints, access }: EndpointRoutesOptions): void {
  const { definitions, versions } = endpoints
  const reads = {
    schema: { params: NAME },
    onRequest: async (request: FastifyRequest<any>): Promise<void> =>
      mayRead(identify(access, request, 'Basic'), topicOf((request.params as Named['Params']).endpoint)),
  }
  const writes = {
    schema: { params: NAME },
    bodyLimit: MAX_BODY_BYTES,
    onRequest: async (request: FastifyRequest<any>): Promise<void> =>
      mayWrite(identify(access, request, 'Basic'), topicOf((request.params as Named['Params']).endpoint)),
  }
  /** Resolves to the endpoint as it is then, when this replica serves it or knows why it cannot. */
  const change = async (
    name: string,
    decide: (before: EndpointState | undefined) => EndpointState,
  ): Promise<object> => {
    await answered(() => definitions.change(name, decide))
    await endpoints.settle(name)
    return shown(endpoints, name)
  }

  app.get('/v1/endpoints', async (request, reply) => {
    const client = identify(access, request, 'Basic')
    await definitions.catchUp()
    const names = [...definitions.byName.keys()].filter((name) => client.mayRead(topicOf(name))).sort()
    return reply
      .header('cache-control', 'no-store')
      .send({ endpoints: names.map((name) => summary(endpoints, name)) })
  })

  app.get<Named>('/v1/endpoints/:endpoint', reads, async ({ params: { endpoint: name } }, reply) => {
    await definitions.catchUp()
    return reply.header('cache-control', 'no-store').send(shown(endpoints, name))
  })

  app.put<Named>('/v1/endpoints/:endpoint', writes, async ({ params, body }) => {
    const name = given(endpointName, params.endpoint, 'refused')
    // The contract's file has more fields, for people.
    const wanted = given(wantedEndpoint, body, 'ignored')
    return change(name, (before) =>
      create(
        {
          name,
          contract: wanted.contract,
          settings: wanted.settings ?? before?.settings ?? DEFAULT_SETTINGS,
        },
        before,
        definitions.byName.size,
        Date.now(),
      ),
    )
  })

  app.post<Named>(
    '/v1/endpoints/:endpoint/versions',
    writes,
    async ({ params: { endpoint: name }, body }) => {
      const { version } = given(wantedVersion, body, 'refused')
      await definitions.catchUp()
      const state = await answered(async () => existing(definitions.byName.get(name), name))
      const examined = await versions.examine(name, version, state.contract).catch((error: Error) => {
        throw new HttpError(422, 'unfit', `Version ${version} cannot be registered: ${error.message}`)
      })
      return change(name, (before) => register(before, name, { ...examined, registeredAt: Date.now() }))
    },
  )

  app.put<Named>('/v1/endpoints/:endpoint/variants', writes, async ({ params: { endpoint: name }, body }) => {
    const wanted = given(plan, body, 'refused')
    return change(name, (before) => replacePlan(before, name, wanted))
  })

  app.post<Named>('/v1/endpoints/:endpoint/rollback', writes, async ({ params: { endpoint: name } }) =>
    change(name, (before) => rollBack(before, name)),
  )

  app.delete<Named>('/v1/endpoints/:endpoint', writes, async ({ params: { endpoint: name } }, reply) => {
    await answered(() =>
      definitions.change(name, (before) => {
        existing(before, name)
        return undefined
      }),
    )
    return reply.code(204).send()
  })
}

function summary({ definitions, problemOf }: Endpoints, name: string): object {
  const { versions, plan: wanted } = definitions.byName.get(name)!
  return { name, versions: versions.length, ...wanted, problem: problemOf(name) ?? null }
}

/** An endpoint as it was decided, with what this replica has to say about it. */
function shown(endpoints: Endpoints, name: string): object {
  const state = endpoints.definitions.byName.get(name)
  const endpoint = endpoints.get(name)
  if (state === undefined || endpoint === undefined)
    throw new HttpError(404, 'unknown', `There is no endpoint ${name}.`)
  const serving = [...(endpoint.serving?.variants ?? []), ...(endpoint.serving?.shadows ?? [])]
  return {
    ...state,
    here: {
      serving: serving.map(({ name: variant, version }) => ({ name: variant, version })),
      problem: endpoints.problemOf(name) ?? null,
      differences: endpoint.differences,
    },
  }
}

function given<T>(shape: Shape<T>, value: unknown, extra: 'refused' | 'ignored'): T {
  try {
    return read(shape, value, extra)
  } catch (error) {
    if (error instanceof Misfit) throw new HttpError(400, 'invalid', error.message)
    throw error
  }
}

async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ChangeRefused) throw new HttpError(STATUS[error.code], error.code, error.message)
    if (error instanceof KafkaError && error.retriable)
      throw new HttpError(
        503,
        'not-stored',
        'The brokers did not confirm the change, which may have been made; look at the endpoint, and try again.',
        { 'retry-after': '1' },
      )
    throw error
  }
}
