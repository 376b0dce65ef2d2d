/** The configuration of outgoing requests: addresses that users may reach although they are not public. */
import { BlockList, isIP, isIPv6 } from 'node:net'
import type { ConfigReader } from '@weir/config'
import { addRange, has } from './addresses.ts'

export interface EgressConfig {
  /** Addresses that are reachable although they are not public. */
  readonly allowedAddresses: BlockList
  /** Hosts as `host:port`, in the form of URLs: lower case, IPv6 in brackets. Any of their addresses is. */
  readonly allowedHosts: ReadonlySet<string>
}

const DOC =
  'Addresses that users may direct requests to although they are not public (deliveries over HTTP, actions of rules), as ranges (10.1.0.0/16, ::1/128), addresses or host:port, separated by commas. The system resolves a host of this list, with its hosts file. Empty: public addresses only.'

export function egressConfig(reader: ConfigReader): EgressConfig {
  const allowedAddresses = new BlockList()
  const allowedHosts = new Set<string>()
  for (const entry of reader.list('EGRESS_ALLOW', DOC, '')) {
    const range = rangeOf(entry)
    const host = range === undefined ? hostOf(entry) : undefined
    if (range !== undefined) addRange(allowedAddresses, range)
    else if (host !== undefined) allowedHosts.add(host)
    else
      reader.problem(
        `EGRESS_ALLOW holds "${entry}"; each entry is a range such as 10.1.0.0/16, an address, or host:port.`,
      )
  }
  return { allowedAddresses, allowedHosts }
}

export function isAllowed({ allowedAddresses }: EgressConfig, address: string): boolean {
  return has(allowedAddresses, address)
}

function rangeOf(entry: string): string | undefined {
  const [address = '', bits, ...rest] = entry.split('/')
  if (isIP(address) === 0 || address.includes('%') || rest.length > 0) return undefined
  const most = isIPv6(address) ? 128 : 32
  if (bits === undefined) return `${address}/${most}`
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? entry : undefined
}

function hostOf(entry: string): string | undefined {
  const [, host, port] = /^(\[[^\]]+\]|[^:/?#@[\]\\]+):(\d{1,5})$/.exec(entry) ?? []
  const url = host === undefined ? null : URL.parse(`http://${host}`)
  return url && Number(port) >= 1 && Number(port) <= 65_535 ? `${url.hostname}:${Number(port)}` : undefined
}
