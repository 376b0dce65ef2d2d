/** The endpoints of pricing over HTTP. */
import { type ServiceApi, serviceApi } from '../service-api.ts'

export interface Variant {
  readonly name: string
  readonly version: string
  /** Its share of the requests, relative to the others. */
  readonly weight: number
}

export interface Plan {
  readonly variants: readonly Variant[]
  readonly shadows: readonly Omit<Variant, 'weight'>[]
}

/** An endpoint, as GET /v1/endpoints lists it. */
export interface EndpointRow extends Plan {
  readonly name: string
  readonly versions: number
  /** Why the replica that answered does not serve what was decided. */
  readonly problem: string | null
}

/** An endpoint, as GET /v1/endpoints/NAME shows it. */
export interface ShownEndpoint {
  readonly name: string
  readonly contract: { readonly features: readonly object[] }
  readonly settings: { readonly timeLimitMs: number; readonly gatherMs: number }
  readonly versions: readonly {
    readonly version: string
    readonly sha256: string
    readonly bytes: number
    readonly registeredAt: number
  }[]
  readonly plan: Plan
  readonly here: {
    readonly problem: string | null
    readonly differences: readonly {
      readonly variant: string
      readonly rows: number
      readonly mean: number | null
      readonly meanAbsolute: number | null
      readonly maxAbsolute: number | null
    }[]
  }
}

export interface ModelsApi {
  list(): Promise<readonly EndpointRow[]>
  show(endpoint: string): Promise<ShownEndpoint>
  /** Creates the endpoint if it is not there. */
  create(endpoint: string, contract: unknown): Promise<void>
  register(endpoint: string, version: string): Promise<ShownEndpoint>
  share(endpoint: string, plan: Plan): Promise<ShownEndpoint>
  rollBack(endpoint: string): Promise<ShownEndpoint>
  delete(endpoint: string): Promise<void>
}

/** A model is loaded, in every process that needs it, before the service answers. */
const TIMEOUT_MS = 120_000

/** Calls reject with Unreachable if the service does not answer, and with Refused if it refuses. */
export function openModelsApi(service: Omit<ServiceApi, 'service' | 'timeoutMs'>): ModelsApi {
  const ask = serviceApi({ ...service, service: 'pricing', timeoutMs: TIMEOUT_MS })
  const asked = async <T>(method: string, path: string, body?: unknown): Promise<T> =>
    (await (await ask(method, path, body)).json()) as T
  const of = (endpoint: string, rest = ''): string => `endpoints/${encodeURIComponent(endpoint)}${rest}`
  return {
    list: async () => (await asked<{ endpoints: EndpointRow[] }>('GET', 'endpoints')).endpoints,
    show: (endpoint) => asked('GET', of(endpoint)),
    create: async (endpoint, contract) => {
      await ask('PUT', of(endpoint), { contract })
    },
    register: (endpoint, version) => asked('POST', of(endpoint, '/versions'), { version }),
    share: (endpoint, plan) => asked('PUT', of(endpoint, '/variants'), plan),
    rollBack: (endpoint) => asked('POST', of(endpoint, '/rollback')),
    delete: async (endpoint) => {
      await ask('DELETE', of(endpoint))
    },
  }
}
