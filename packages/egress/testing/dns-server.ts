/** A name server on the loopback address, whose answers a test decides. */
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns'
import { once } from 'node:events'
import { isIPv6, SocketAddress } from 'node:net'

export interface DnsServer {
  /** Asks this server only. */
  readonly resolver: Resolver
  /** The questions so far, such as `A example.com`. */
  readonly questions: string[]
  stop(): void
}

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 28: 'AAAA' }
const NAME_ERROR = 3

/** @param answer returns the addresses of the name; undefined: the name does not exist; null: no answer */
export async function startDnsServer(
  answer: (name: string) => readonly string[] | undefined | null,
): Promise<DnsServer> {
  const questions: string[] = []
  const socket = createSocket('udp4', (message, from) => {
    const { name, type, end } = questionOf(message)
    questions.push(`${TYPES[type]} ${name}`)
    const addresses = answer(name)
    if (addresses === null) return
    const records = (addresses ?? []).filter((address) => isIPv6(address) === (type === 28))
    const header = Buffer.from(message.subarray(0, 12))
    header.writeUInt16BE(0x8180 | (addresses === undefined ? NAME_ERROR : 0), 2)
    header.writeUInt16BE(records.length, 6)
    header.writeUInt32BE(0, 8)
    socket.send(
      Buffer.concat([header, message.subarray(12, end), ...records.map((one) => recordOf(type, one))]),
      from.port,
      from.address,
    )
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const resolver = new Resolver({ timeout: 500, tries: 1 })
  resolver.setServers([`127.0.0.1:${socket.address().port}`])
  return { resolver, questions, stop: () => socket.close() }
}

/** RFC 1035, section 4.1.2: labels with their lengths, the type and the class. */
function questionOf(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 }
}

/** RFC 1035, section 4.1.3: the name is a pointer to that of the question, and the time to live is zero. */
function recordOf(type: number, address: string): Buffer {
  const data = isIPv6(address) ? bytesOf(address) : Buffer.from(address.split('.').map(Number))
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function bytesOf(address: string): Buffer {
  const { hostname } = new URL(`http://[${new SocketAddress({ address, family: 'ipv6' }).address}]`)
  const [left = '', right] = hostname.slice(1, -1).split('::')
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : [])
  const zeros = Array(8 - groups(left).length - groups(right).length).fill('0')
  const all = [...groups(left), ...zeros, ...groups(right)]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
