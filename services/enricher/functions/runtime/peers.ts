/** Finds out which processes hold the other end of a connection on this machine. */
import { readdir, readFile, readlink } from 'node:fs/promises'
import type { Socket } from 'node:net'

/**
 * Whether one of the processes holds the other end. /proc has its inode, and the descriptors that refer to
 * it.
 */
export async function isHeldBy(pids: readonly number[], socket: Socket): Promise<boolean> {
  const { remoteAddress, remotePort, localPort } = socket
  if (remoteAddress !== LOOPBACK || remotePort === undefined || localPort === undefined) return false
  for (const { file, address } of TABLES) {
    const table = await readFile(file, 'latin1').catch(() => '')
    const inode = inodeOf(table, `${address}:${hex(remotePort)} ${address}:${hex(localPort)} `)
    if (inode !== undefined) return holds(pids, `socket:[${inode}]`)
  }
  return false
}

const LOOPBACK = '127.0.0.1'
/** 127.0.0.1 as the kernel writes it, for sockets of either family. */
const TABLES = [
  { file: '/proc/net/tcp', address: '0100007F' },
  { file: '/proc/net/tcp6', address: '0000000000000000FFFF00000100007F' },
]
/** After both addresses: state, queues, timer, retransmits, user, timeout, inode. */
const INODE = /^\S+ \S+ \S+ \S+ +\d+ +\d+ (\d+) /

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0')

function inodeOf(table: string, addresses: string): string | undefined {
  const at = table.indexOf(` ${addresses}`)
  return at < 0 ? undefined : INODE.exec(table.slice(at + 1 + addresses.length, at + 200))?.[1]
}

async function holds(pids: readonly number[], link: string): Promise<boolean> {
  for (const pid of pids) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const descriptor of descriptors) {
      if ((await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')) === link) return true
    }
  }
  return false
}
