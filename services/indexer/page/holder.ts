/** Whose a viewer is, so that places can be shared out: the key's name, or without one the address. */
export function holderOf(keyName: string | undefined, address: string): string {
  return keyName === undefined ? `address ${networkOf(address)}` : `key ${keyName}`
}

/** Who has an IPv6 address has its whole network of 2^64 (RFC 6177), so all of it counts as one. */
function networkOf(address: string): string {
  // ::ffff:192.0.2.1 is an IPv4 address.
  if (!address.includes(':') || address.includes('.')) return address
  const [before, after] = address.split('::', 2).map((part) => part.split(':').filter(Boolean))
  const zeros = after ? Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0') : []
  return [...before, ...zeros, ...(after ?? [])].slice(0, 4).join(':')
}
