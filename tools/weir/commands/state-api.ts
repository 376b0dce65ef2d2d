/** The states of a service over HTTP. */
import { parseExactly } from '../json.ts'
import { type ServiceApi, serviceApi } from '../service-api.ts'

export interface ListedKey {
  /** In hex if it is not text. */
  readonly key: string
  readonly partition: number
  readonly bytes: number
  readonly changedAt: string
}

export interface StateApi {
  list(query: {
    readonly prefix: string
    readonly limit: number
  }): Promise<{ readonly keys: readonly ListedKey[]; readonly more: boolean }>
  /** Resolves to the state as the service shows it. */
  get(key: string): Promise<unknown>
  /** Resolves to whether the state is gone; otherwise that is asked for. */
  erase(key: string): Promise<boolean>
}

/** A changelog is read for at most 30 s, and then an eraser waits for the owner of the key. */
const TIMEOUT_MS = 60_000

/** Calls reject with Unreachable if the service does not answer, and with Refused if it refuses. */
export function openStateApi(service: Omit<ServiceApi, 'timeoutMs'>, state: string): StateApi {
  const ask = serviceApi({ ...service, timeoutMs: TIMEOUT_MS })
  const path = `states/${encodeURIComponent(state)}`
  const ofKey = (key: string): string => `${path}?${new URLSearchParams({ key })}`
  return {
    async list({ prefix, limit }) {
      const query = new URLSearchParams({ prefix, limit: String(limit) })
      return (await (await ask('GET', `${path}/keys?${query}`)).json()) as Awaited<
        ReturnType<StateApi['list']>
      >
    },
    get: async (key) => parseExactly(await (await ask('GET', ofKey(key))).text()),
    erase: async (key) => (await ask('DELETE', ofKey(key))).status !== 202,
  }
}
