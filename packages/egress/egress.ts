/** The client of requests that users direct. */
import type { Resolver } from 'node:dns'
import type { Resource } from '@weir/service'
import type { EgressConfig } from './config.ts'
import { type Attempt, Exchange } from './exchange.ts'
import { openResolver } from './lookup.ts'
import { DEFAULT_LIMITS, Pool, type PoolLimits } from './pool.ts'
import { redirectOf } from './redirects.ts'
import type { EgressRequest, EgressResponse } from './request.ts'
import { parseTarget } from './target.ts'

export interface Egress {
  /**
   * Sends the request to a public address, or to one that the configuration allows. The address of each new
   * connection is checked after its name was resolved, at redirects as well. A connection is used again only
   * for the same scheme, host and port. A request is not repeated; `retriable` says whether that can help.
   *
   * Resolves with the response, whatever its status. Rejects with an EgressError, or with the reason of the
   * request's signal.
   */
  request(request: EgressRequest): Promise<EgressResponse>
}

/** Parts that tests replace: the name servers, and limits that are reached sooner. */
export interface EgressParts {
  readonly resolver?: Resolver
  readonly limits?: PoolLimits
}

export function openEgress(
  config: EgressConfig,
  { resolver = openResolver(), limits = DEFAULT_LIMITS }: EgressParts = {},
): Resource<Egress> {
  const pool = new Pool(config, resolver, limits)

  const send = (attempt: Attempt): Promise<EgressResponse> =>
    new Promise((resolve, reject) => {
      attempt.request.signal?.throwIfAborted()
      const exchange = new Exchange(attempt, pool, resolve, reject)
      try {
        pool.submit(exchange)
      } catch (error) {
        exchange.fail(error)
      }
    })

  return {
    value: {
      async request(request) {
        const target = parseTarget(request.url)
        const { timeoutMs, maxRedirects = 0 } = request
        if (maxRedirects === 0) return send({ request, target, timeoutMs })
        return follow(send, { request, target, timeoutMs }, maxRedirects)
      },
    },
    stop: () => pool.stop(),
  }
}

async function follow(
  send: (attempt: Attempt) => Promise<EgressResponse>,
  first: Attempt,
  maxRedirects: number,
): Promise<EgressResponse> {
  const until = performance.now() + first.timeoutMs
  let attempt = first
  for (let redirects = 0; ; redirects++) {
    const response = await send(attempt)
    if (redirects === maxRedirects) return response
    const next = redirectOf(attempt.request, attempt.target, response)
    if (next === undefined) return response
    attempt = { ...next, timeoutMs: Math.max(1, until - performance.now()) }
  }
}
