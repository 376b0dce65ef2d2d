/** The enricher's reference tables over HTTP. */
import { setTimeout as sleep } from 'node:timers/promises'
import { reasonOf } from '@weir/service/probe.ts'
import { Refused, Unreachable } from '../command.ts'

export interface ReferenceApi {
  /** Resolves to the entries by id. */
  entries(table: string): Promise<Record<string, unknown>>
  put(table: string, id: string, entry: unknown): Promise<void>
  delete(table: string, id: string): Promise<void>
}

const TIMEOUT = 10_000
/** Attempts after a 503, which the enricher answers while the broker has no leader. */
const TRIES = 5

/** Calls reject with Unreachable if the enricher does not answer, and with Refused if it refuses. */
export function openReferenceApi(url: string, apiKey: string | undefined): ReferenceApi {
  const ask = async (method: string, path: string, body?: unknown): Promise<Response> => {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(`${url}/v1/reference/${path}`, {
        method,
        signal: AbortSignal.timeout(TIMEOUT),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        },
      }).catch((error: Error) => {
        throw new Unreachable(
          `The enricher at ${url} does not answer (${reasonOf(error)}); start it or set ENRICHER_URL.`,
        )
      })
      if (response.ok) return response
      const said = await problem(response)
      if (response.status < 500) throw new Refused(`The enricher answered ${response.status}: ${said}`)
      if (attempt === TRIES) throw new Unreachable(`The enricher answered ${response.status}: ${said}`)
      await sleep(500 * attempt)
    }
  }
  const entry = (table: string, id: string): string =>
    `${encodeURIComponent(table)}/${encodeURIComponent(id)}`
  return {
    entries: async (table) =>
      (await (await ask('GET', encodeURIComponent(table))).json()) as Record<string, unknown>,
    put: async (table, id, value) => {
      await ask('PUT', entry(table, id), value)
    },
    delete: async (table, id) => {
      await ask('DELETE', entry(table, id))
    },
  }
}

async function problem(response: Response): Promise<string> {
  const body = (await response.json().catch(() => undefined)) as
    | { message?: string; error?: { message?: string } }
    | undefined
  return body?.error?.message ?? body?.message ?? response.statusText
}
