/** IP addresses as texts: parsed to numbers, compared by network. Nothing here asks a name server. */
import { isIPv6 } from 'node:net'

export interface Address {
  /**
   * 4 or 6. An IPv4 address that is written as IPv6 (::ffff:a00:1) counts as 4, as in Java, in which Event
   * Ruler is written.
   */
  readonly family: 4 | 6
  readonly value: bigint
}

/**
 * Event Ruler's expressions for addresses (Constants.java). Java reads IPv4 addresses of up to 15 characters.
 */
const V4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/
const MAX_V4_LENGTH = 15
const V6 = /^[\da-fA-F:]+$/
/** The longest address, an IPv6 one, in characters. */
export const MAX_ADDRESS_LENGTH = 39

/**
 * Parses an address as Event Ruler does; undefined for other texts. Octets with leading zeros are decimal.
 * IPv6 addresses with zones (fe80::1%eth0) or dots (::ffff:10.0.0.1) are not accepted.
 */
export function parseAddress(text: string): Address | undefined {
  if (text.length > MAX_ADDRESS_LENGTH) return undefined
  if (V6.test(text)) {
    if (!isIPv6(text)) return undefined
    const value = fromV6(text)
    return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value }
  }
  const octets = text.length > MAX_V4_LENGTH ? undefined : V4.exec(text)?.slice(1).map(BigInt)
  if (octets === undefined || octets.some((octet) => octet > 255n)) return undefined
  return { family: 4, value: octets.reduce((sum, octet) => (sum << 8n) | octet, 0n) }
}

/** A canonical text for an address; undefined for other texts. */
export function addressKey(text: string): string | undefined {
  const address = parseAddress(text)
  return address && `${address.family}/${address.value}`
}

/**
 * Compiles a test for addresses in `address/bits`. Throws an Error whose message follows the place of the
 * operator.
 */
export function compileCidr(cidr: string): (text: string) => boolean {
  const parts = cidr.split('/')
  const network = parts.length === 2 ? parseAddress(parts[0]) : undefined
  const size = network?.family === 4 ? 32 : 128
  const bits = /^\d{1,3}$/.test(parts[1] ?? '') ? Number(parts[1]) : Infinity
  if (!network || bits > size)
    throw new Error('is not a block of addresses; write one such as 10.0.0.0/24 or 2001:db8::/32.')
  if (bits === size)
    throw new Error(`is a single address; mask bits must be < ${size}, so give the address as a plain value.`)
  return compileNetwork(network, bits)
}

/** Compiles a test for the addresses whose first `bits` bits are those of `network`. */
export function compileNetwork(network: Address, bits: number): (text: string) => boolean {
  const shift = BigInt((network.family === 4 ? 32 : 128) - bits)
  const prefix = network.value >> shift
  return (text) => {
    const address = parseAddress(text)
    return address !== undefined && address.family === network.family && address.value >> shift === prefix
  }
}

function fromV6(text: string): bigint {
  const [head, tail] = text.split('::')
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0n)
  return [...left, ...zeros, ...right].reduce((sum, group) => (sum << 16n) | group, 0n)
}

function groups(text: string): bigint[] {
  return text === '' ? [] : text.split(':').map((group) => BigInt(`0x${group}`))
}
