/** The headers of messages that are passed on (RFC 9110, section 7.6). */

/**
 * Fields that hold for one connection. Expect was answered when the request arrived, and trailers are not
 * passed on.
 */
const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/**
 * Services decide by these whether a request without a key comes from this machine. A Connection field must
 * not take them away.
 */
const KEPT = new Set(['host', 'origin', 'sec-fetch-dest', 'sec-fetch-mode', 'sec-fetch-site'])
/** The gateway's name in Via. */
const PSEUDONYM = 'weir-gateway'

/**
 * Returns the headers for a service, in their order, without those that hold for the connection. The host is
 * the one that the client names, since it is signed; it is empty if the client names none.
 * @param rawHeaders names and values alternate
 */
export function requestHeaders(rawHeaders: readonly string[], httpVersion: string): string[] {
  const host = firstOf(rawHeaders, 'host') ?? firstOf(rawHeaders, ':authority') ?? ''
  const rest = endToEnd(rawHeaders, (name) => name !== 'host' && !name.startsWith(':'))
  return ['Host', host, ...rest, 'Via', `${httpVersion} ${PSEUDONYM}`]
}

/** Returns the headers for the client. */
export const answerHeaders = (rawHeaders: readonly string[]): string[] => endToEnd(rawHeaders, () => true)

/** Returns whether the request has been through a gateway already. */
export const isLoop = (via: string | undefined): boolean => via?.includes(PSEUDONYM) ?? false

function endToEnd(rawHeaders: readonly string[], wanted: (name: string) => boolean): string[] {
  const dropped = new Set(HOP_BY_HOP)
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (rawHeaders[i].toLowerCase() === 'connection')
      for (const name of rawHeaders[i + 1].toLowerCase().split(/[\s,]+/))
        if (!KEPT.has(name)) dropped.add(name)
  const headers: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase()
    if (wanted(name) && !dropped.has(name)) headers.push(rawHeaders[i], rawHeaders[i + 1])
  }
  return headers
}

function firstOf(rawHeaders: readonly string[], wanted: string): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (rawHeaders[i].toLowerCase() === wanted) return rawHeaders[i + 1]
  return undefined
}
