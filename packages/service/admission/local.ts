/**
 * Decides whether a request without a key comes from programs and pages on this machine, and not by way of a
 * web page from elsewhere.
 */
import type { IncomingHttpHeaders } from 'node:http'

const LOOPBACK = /^(localhost|[\w.-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * Whether the request is local. A browser puts the page that sends a request into Origin, and the name that
 * the page was loaded under into Host, even if a DNS trick made that name lead here.
 * @param ownNames names by which neighbouring containers know this one, and which no page can have
 */
export function isLocal(headers: IncomingHttpHeaders, ownNames: readonly string[]): boolean {
  const host = nameOf(headers.host ?? String(headers[':authority'] ?? ''))
  return !isFromForeignPage(headers) && (isLoopback(host) || ownNames.includes(host))
}

/**
 * Whether a page from another machine sent the request. A page's GET requests, such as images and scripts,
 * have no Origin; browsers then mark them as cross-site. Following a link from such a page does not count.
 */
export function isFromForeignPage(headers: IncomingHttpHeaders): boolean {
  const { origin } = headers
  if (origin !== undefined) return !isLoopback(hostOfOrigin(origin))
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return headers['sec-fetch-site'] === 'cross-site' && !isLink
}

const isLoopback = (name: string): boolean => LOOPBACK.test(name)

/** The host without its port. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d{1,5}$/, '')
}

/** Empty for `null`, and for anything else that is not the origin of a web page. */
function hostOfOrigin(origin: string): string {
  return nameOf(/^https?:\/\/([^/@\s]+)$/i.exec(origin)?.[1] ?? '')
}
