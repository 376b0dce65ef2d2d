/** The request that a redirect leads to, as fetch follows it (https://fetch.spec.whatwg.org/#http-redirect-fetch). */
import type { EgressRequest, EgressResponse } from './request.ts'
import { parseTarget, type Target } from './target.ts'

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Other origins do not get the credentials that the first one was meant to have. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization'])

export interface Redirect {
  readonly request: EgressRequest
  readonly target: Target
}

/**
 * Returns the next request; undefined if the response is not a redirect, or one from https to http, which
 * would show the body to the network. Throws an EgressError for a location that is not a URL of HTTP.
 */
export function redirectOf(
  request: EgressRequest,
  { url, origin, isSecure, authorization }: Target,
  { status, headers: { location } }: EgressResponse,
): Redirect | undefined {
  if (!REDIRECTS.has(status) || typeof location !== 'string') return undefined
  const target = parseTarget(location, url)
  if (isSecure && !target.isSecure) return undefined
  const dropsBody =
    (status === 303 && request.method !== 'HEAD') || (status <= 302 && request.method === 'POST')
  const isForeign = target.origin !== origin
  const headers = Object.entries(request.headers ?? {}).filter(([name]) => {
    const lower = name.toLowerCase()
    return !(dropsBody && lower.startsWith('content-')) && !(isForeign && CREDENTIALS.has(lower))
  })
  return {
    request: {
      ...request,
      headers: Object.fromEntries(headers),
      ...(dropsBody ? { method: 'GET', body: undefined } : {}),
    },
    target: isForeign ? target : { ...target, authorization: target.authorization ?? authorization },
  }
}
