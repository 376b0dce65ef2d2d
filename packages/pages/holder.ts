/**
 * The holder of a viewer's place, by which places are shared out: the name of the key, or the address without
 * a key.
 */
export function holderOf(keyName: string | undefined, address: string): string {
  return keyName === undefined ? `address ${networkOf(address)}` : `key ${keyName}`
}

/**
 * A client with an IPv6 address has the whole /64 network of it (RFC 6177), so all of its addresses count as
 * one.
 */
function networkOf(address: string): string {
  // ::ffff:192.0.2.1 is an IPv4 address.
  if (!address.includes(':') || address.includes('.')) return address
  const [before, after] = address.split('::', 2).map((part) => part.split(':').filter(Boolean))
  const zeros = after ? Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0') : []
  return [...before, ...zeros, ...(after ?? [])].slice(0, 4).join(':')
}
