/**
 * Whether a request without a key comes from this machine's own programs and pages, and not by way of a web
 * page from elsewhere.
 */
import type { IncomingHttpHeaders } from 'node:http'

const LOOPBACK = /^(localhost|[\w.-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * A browser names the page that sends a request in Origin, and the name that the page was loaded under in
 * Host, also if that name leads here by a trick of DNS.
 * @param ownName a name under which containers beside this one know it, which no page can have
 */
export function isLocal(headers: IncomingHttpHeaders, ownName: string): boolean {
  const host = headers.host ?? String(headers[':authority'] ?? '')
  return !isFromForeignPage(headers) && (isLoopback(nameOf(host)) || nameOf(host) === ownName)
}

/**
 * Whether a page from another machine sent the request. What a page loads by GET, such as images and scripts,
 * has no Origin: browsers say then that it is cross-site. Following a link from there is no such thing.
 */
export function isFromForeignPage(headers: IncomingHttpHeaders): boolean {
  const { origin } = headers
  if (origin !== undefined) return !isLoopback(hostOfOrigin(origin))
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return headers['sec-fetch-site'] === 'cross-site' && !isLink
}

const isLoopback = (name: string): boolean => LOOPBACK.test(name)

/** Without the port. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d{1,5}$/, '')
}

/** Empty for `null` and for anything else that is not the origin of a web page. */
function hostOfOrigin(origin: string): string {
  return nameOf(/^https?:\/\/([^/@\s]+)$/i.exec(origin)?.[1] ?? '')
}
