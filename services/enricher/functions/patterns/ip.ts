/** IP addresses as texts: parsed to numbers, compared by network. Nothing here asks a name server. */
import { isIPv4, isIPv6 } from 'node:net'

export interface Address {
  /** 4 or 6. An IPv4 address that is written as IPv6 (::ffff:a00:1) is a 4, as in Java, in which Event Ruler is written. */
  readonly family: 4 | 6
  readonly value: bigint
}

const LONGEST = 45

/** The address that a text is, or undefined. Zones (fe80::1%eth0) and IPv4 with leading zeros are no addresses. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > LONGEST) return undefined
  if (isIPv4(text)) return { family: 4, value: fromV4(text) }
  if (text.includes('%') || !isIPv6(text)) return undefined
  const value = fromV6(text)
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value }
}

/** Whether an address is in `address/bits`; throws an Error whose message goes after the place of the operator. */
export function compileCidr(cidr: string): (text: string) => boolean {
  const parts = cidr.split('/')
  const network = parts.length === 2 ? parseAddress(parts[0]) : undefined
  const size = network?.family === 4 ? 32 : 128
  const bits = /^\d{1,3}$/.test(parts[1] ?? '') ? Number(parts[1]) : Infinity
  if (!network || bits > size) throw new Error('is no block of addresses; write one such as 10.0.0.0/24 or 2001:db8::/32.')
  const shift = BigInt(size - bits)
  const prefix = network.value >> shift
  return (text) => {
    const address = parseAddress(text)
    return address !== undefined && address.family === network.family && address.value >> shift === prefix
  }
}

const fromV4 = (text: string): bigint => text.split('.').reduce((sum, octet) => sum << 8n | BigInt(octet), 0n)

function fromV6(text: string): bigint {
  const [head, tail] = text.split('::')
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0n)
  return [...left, ...zeros, ...right].reduce((sum, group) => sum << 16n | group, 0n)
}

function groups(text: string): bigint[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)]
    const v4 = fromV4(group)
    return [v4 >> 16n, v4 & 0xffffn]
  })
}
