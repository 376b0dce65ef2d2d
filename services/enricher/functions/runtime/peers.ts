/** Finds out which connections from this machine belong to certain processes. */
import { readdir, readFile, readlink } from 'node:fs/promises'
import type { Socket } from 'node:net'

/**
 * Returns those of the connections, all to one port of 127.0.0.1, whose other end one of the processes holds.
 * /proc has the inode of each, and the descriptors that refer to it. The processes are folders in /proc.
 */
export async function heldBy(programs: readonly string[], sockets: readonly Socket[]): Promise<Set<Socket>> {
  const port = sockets[0]?.localPort
  const inodes = port === undefined ? new Map<number, string>() : await inodesOfClients(port)
  const wanted = new Map<string, Socket>()
  for (const socket of sockets) {
    const inode = inodes.get(socket.remotePort ?? 0)
    if (inode !== undefined && socket.remoteAddress === LOOPBACK) wanted.set(`socket:[${inode}]`, socket)
  }
  const held = new Set<Socket>()
  for (const program of programs) {
    if (held.size === wanted.size) break
    for (const descriptor of await readdir(`${program}/fd`).catch(() => [])) {
      const socket = wanted.get(await readlink(`${program}/fd/${descriptor}`).catch(() => ''))
      if (socket) held.add(socket)
    }
  }
  return held
}

const LOOPBACK = '127.0.0.1'
/** 127.0.0.1 as the kernel writes it, for sockets of either family. */
const TABLES = [
  { file: '/proc/net/tcp', address: '0100007F' },
  { file: '/proc/net/tcp6', address: '0000000000000000FFFF00000100007F' },
]

/** Returns the inodes of the sockets that are connected to this port, by their own ports. */
async function inodesOfClients(port: number): Promise<Map<number, string>> {
  const inodes = new Map<number, string>()
  const server = port.toString(16).toUpperCase().padStart(4, '0')
  for (const { file, address } of TABLES) {
    // After both addresses: state, queues, timer, retransmits, user, timeout, inode; 0 if it is closed.
    const entry = new RegExp(
      ` ${address}:(\\S{4}) ${address}:${server} \\S+ \\S+ \\S+ \\S+ +\\d+ +\\d+ ([1-9]\\d*) `,
      'g',
    )
    const table = await readFile(file, 'latin1').catch(() => '')
    for (const [, client, inode] of table.matchAll(entry)) inodes.set(Number.parseInt(client, 16), inode)
  }
  return inodes
}
