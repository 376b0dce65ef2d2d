/** Weir's own HTTP APIs of a service. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Service, urlVariable } from '@weir/contracts/services.ts'
import { reasonOf } from '@weir/service/probe.ts'
import { Refused, Unreachable } from './command.ts'

export interface ServiceApi {
  readonly service: Service
  readonly url: string
  readonly apiKey: string | undefined
  /** How long an answer may take; 30 s if not given. */
  readonly timeoutMs?: number
}

/** Resolves to an answer that says yes. Rejects with Unreachable or Refused, which quote the service. */
export type Ask = (method: string, path: string, body?: unknown) => Promise<Response>

const TIMEOUT_MS = 30_000
/** Attempts after a 503, which services answer while the broker has no leader, or others are served. */
const TRIES = 5

export function serviceApi({ service, url, apiKey, timeoutMs = TIMEOUT_MS }: ServiceApi): Ask {
  return async (method, path, body) => {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(`${url}/v1/${path}`, {
        method,
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        },
      }).catch((error: Error) => {
        throw new Unreachable(
          `The ${service} at ${url} does not answer (${reasonOf(error)}); start it or set ${urlVariable(service)}.`,
        )
      })
      if (response.ok) return response
      const said = `The ${service} answered ${response.status}: ${await problem(response)}`
      if (response.status < 500) throw new Refused(said)
      if (response.status !== 503 || method === 'POST' || attempt === TRIES) throw new Unreachable(said)
      await sleep(500 * attempt)
    }
  }
}

async function problem(response: Response): Promise<string> {
  const body = (await response.json().catch(() => undefined)) as
    | { message?: string; error?: { message?: string } }
    | undefined
  return body?.error?.message ?? body?.message ?? response.statusText
}
