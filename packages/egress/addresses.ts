/**
 * The addresses that users may direct requests to: public ones. An address is public if it is in a range that
 * is assigned to hosts of the internet, and in none that has a special purpose. A range that this file does
 * not know is therefore refused.
 */
import { BlockList, isIP, isIPv6 } from 'node:net'

/**
 * IPv4 ranges that are not public: the IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its updates),
 * multicast (RFC 5771), and the address of Azure's host agent.
 */
const SPECIAL_IPV4 = [
  '0.0.0.0/8', // this network, RFC 1122
  '10.0.0.0/8', // private, RFC 1918
  '100.64.0.0/10', // shared by the customers of a provider, RFC 6598
  '127.0.0.0/8', // loopback, RFC 1122
  '168.63.129.16/32', // a public address that Azure routes to the host of each virtual machine
  '169.254.0.0/16', // link-local, RFC 3927; instance metadata is at 169.254.169.254
  '172.16.0.0/12', // private, RFC 1918
  '192.0.0.0/24', // protocol assignments, RFC 6890
  '192.0.2.0/24', // documentation, RFC 5737
  '192.31.196.0/24', // AS112, RFC 7535
  '192.52.193.0/24', // AMT, RFC 7450
  '192.88.99.0/24', // 6to4 relays, RFC 7526
  '192.168.0.0/16', // private, RFC 1918
  '192.175.48.0/24', // AS112, RFC 7534
  '198.18.0.0/15', // benchmarks, RFC 2544
  '198.51.100.0/24', // documentation, RFC 5737
  '203.0.113.0/24', // documentation, RFC 5737
  '224.0.0.0/4', // multicast, RFC 5771
  '240.0.0.0/4', // reserved, RFC 1112; broadcast is 255.255.255.255
] as const

/**
 * Ranges inside of 2000::/3 that are not public: the IANA IPv6 Special-Purpose Address Registry. Loopback,
 * link-local, unique local (instance metadata is at fd00:ec2::254), multicast, IPv4-compatible addresses and
 * the local prefix of NAT64 are outside of 2000::/3.
 */
const SPECIAL_IPV6 = [
  '2001::/23', // protocol assignments, RFC 2928; holds Teredo, benchmarks and ORCHID
  '2001:db8::/32', // documentation, RFC 3849
  '2002::/16', // 6to4, RFC 3056: holds any IPv4 address
  '2620:4f:8000::/48', // AS112, RFC 7534
  '3fff::/20', // documentation, RFC 9637
] as const

/** Addresses of IPv4 hosts as NAT64 presents them to hosts that have IPv6 only (RFC 6052). */
const NAT64 = '64:ff9b::'

/** Adds a range such as 10.0.0.0/8. */
export function addRange(list: BlockList, range: string): void {
  const [address, bits] = range.split('/')
  list.addSubnet(address!, Number(bits), isIPv6(address!) ? 'ipv6' : 'ipv4')
}

const listOf = (...ranges: string[]): BlockList => {
  const list = new BlockList()
  for (const range of ranges) addRange(list, range)
  return list
}

/** Global unicast addresses (RFC 4291, section 2.4), and the forms in which IPv4 addresses can be reached. */
const ASSIGNED = listOf('0.0.0.0/0', '2000::/3', `${NAT64}/96`)

const SPECIAL = listOf(
  ...SPECIAL_IPV4,
  ...SPECIAL_IPV6,
  ...SPECIAL_IPV4.map((range) => {
    const [address, bits] = range.split('/')
    return `${NAT64}${address}/${96 + Number(bits)}`
  }),
)

/**
 * Whether the list has the address. A BlockList compares an IPv4-mapped address (::ffff:127.0.0.1) with the
 * ranges of IPv4. No list has an address with a zone (fe80::1%eth0).
 */
export function has(list: BlockList, address: string): boolean {
  const family = isIP(address)
  if (family === 0 || address.includes('%')) return false
  return list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** @param address an IPv4 or IPv6 address in its usual form; anything else is not public */
export function isPublic(address: string): boolean {
  return has(ASSIGNED, address) && !has(SPECIAL, address)
}
