/** Ports on the loopback address: finds free ones, and the process that holds a taken one. */
import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'

/**
 * The ports that browsers and fetch refuse to connect to: the "bad ports" of the Fetch standard
 * (https://fetch.spec.whatwg.org/#port-blocking), without 0.
 */
const BAD_PORTS: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
  109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
  526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
  3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
])

/** Returns true if browsers and fetch can reach an HTTP server on the port. */
export const isFetchable = (port: number): boolean => !BAD_PORTS.has(port)

/**
 * The range is below the ports that outgoing connections get (from 32768 on Linux): they must not take the
 * port of a server that is restarting. All of its ports are fetchable.
 */
const LOWEST = 10_081
const HIGHEST = 29_999
/** Ports already given out by this process: until they are used, they look free. */
const given = new Set<number>()

/**
 * Returns free ports, all different, and none that was given before. Another process may take one before it
 * is used; since the ports are random, that is rare.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > HIGHEST)
      throw new Error(
        `${count} free ports were not found between ${LOWEST} and ${HIGHEST}; stop the programs that listen there.`,
      )
    const port = randomInt(LOWEST, HIGHEST + 1)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) ports.push(port)
  }
  return ports
}

export async function isFree(port: number): Promise<boolean> {
  try {
    const server = await listening(port)
    await new Promise((done) => server.close(done))
    return true
  } catch {
    return false
  }
}

const listening = (port: number): Promise<ReturnType<typeof createServer>> =>
  new Promise((done, fail) => {
    const server = createServer().once('error', fail)
    server.listen(port, '127.0.0.1', () => done(server))
  })

/**
 * Returns `name (pid N)` of the process that listens on the port; undefined if the system does not tell (only
 * Linux does, and only for our own processes).
 */
export function holderOf(port: number): string | undefined {
  try {
    const inode = listeningInode(port)
    if (inode === undefined) return undefined
    for (const pid of readdirSync('/proc')) {
      if (/^\d+$/.test(pid) && holds(pid, inode))
        return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`
    }
  } catch {
    return undefined
  }
  return undefined
}

/**
 * Returns the inode of the listening socket. In /proc/net/tcp the local address is hex, state 0A means
 * listening, and the tenth column is the inode.
 */
function listeningInode(port: number): string | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(table, 'utf8').split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/)
      if (columns[1]?.endsWith(suffix) && columns[3] === '0A') return columns[9]
    }
  }
  return undefined
}

function holds(pid: string, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some(
      (fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`,
    )
  } catch {
    return false
  }
}
