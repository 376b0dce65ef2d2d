/** Blocks of IP addresses in filter policies, with SNS's error messages. */
import { FilterPolicyError } from '../errors.ts'
import { compileNetwork, parseAddress } from '../ip.ts'

/** Event Ruler's expressions for addresses (Constants.java). */
const V4 = /^\d+\.\d+\.\d+\.\d+$/
const V6 = /^[\da-fA-F:]*:[\da-fA-F:]*$/

/** Compiles a test for the addresses in a block such as 10.0.0.0/24. Throws a FilterPolicyError. */
export function compileBlock(cidr: string): (text: string) => boolean {
  const parts = cidr.replace(/(?<!\/)\/+$/, '').split('/')
  if (parts.length !== 2) throw refused("Malformed CIDR, one '/' required")
  const [address, mask] = parts
  const bits = /^[+-]?\d{1,10}$/.test(mask) ? Number(mask) : NaN
  if (Number.isNaN(bits)) throw refused('Malformed CIDR, mask bits must be an integer')
  if (bits < 0) throw refused('Malformed CIDR, mask bits must not be negative')
  const network = parseAddress(address)
  if (network === undefined) {
    const known = V4.test(address) || V6.test(address)
    throw refused(`${known ? 'Invalid' : 'Nonstandard'} IP address: ${address}`)
  }
  const size = network.family === 4 ? 32 : 128
  if (bits >= size) throw refused(`IPv${network.family} mask bits must be < ${size}`)
  return compileNetwork(network, bits)
}

/** Characters of a problem that an error shows. */
const MAX_SHOWN = 500

const refused = (problem: string): FilterPolicyError =>
  new FilterPolicyError(`FilterPolicy: ${problem.slice(0, MAX_SHOWN)}`)
