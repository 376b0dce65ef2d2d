/** The enricher's reference tables over HTTP. */
import { serviceApi } from '../service-api.ts'

export interface ReferenceApi {
  /** Resolves to the entries by id. */
  entries(table: string): Promise<Record<string, unknown>>
  put(table: string, id: string, entry: unknown): Promise<void>
  delete(table: string, id: string): Promise<void>
}

const TIMEOUT_MS = 10_000

/** Calls reject with Unreachable if the enricher does not answer, and with Refused if it refuses. */
export function openReferenceApi(url: string, apiKey: string | undefined): ReferenceApi {
  const ask = serviceApi({ service: 'enricher', url, apiKey, timeoutMs: TIMEOUT_MS })
  const entry = (table: string, id: string): string =>
    `reference/${encodeURIComponent(table)}/${encodeURIComponent(id)}`
  return {
    entries: async (table) =>
      (await (await ask('GET', `reference/${encodeURIComponent(table)}`)).json()) as Record<string, unknown>,
    put: async (table, id, value) => {
      await ask('PUT', entry(table, id), value)
    },
    delete: async (table, id) => {
      await ask('DELETE', entry(table, id))
    },
  }
}
