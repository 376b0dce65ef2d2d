/** Ports on the loopback address: finds free ones, and the process that holds a taken one. */
import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'

/**
 * The range is below the ports that outgoing connections get (from 32768 on Linux): they must not take the
 * port of a server that is restarting. All of its ports are fetchable.
 */
const LOWEST = 10_100
/** The range has 199 blocks of 100 ports. */
const BLOCK = 100
const BLOCKS = 199

/**
 * Gives out the ports of blocks that this process holds. It holds a block by listening on its first port, until it
 * ends: other processes that look for free ports take other blocks, and so get none that is given out but not used yet.
 */
async function* freePortsOfBlocks(): AsyncGenerator<number> {
  for (let tries = 0; tries < 100 * BLOCKS; tries++) {
    const first = LOWEST + BLOCK * randomInt(BLOCKS)
    const holding = await listening(first).catch(() => undefined)
    if (holding === undefined) continue
    holding.unref()
    for (let port = first + 1; port < first + BLOCK; port++) if (await isFree(port)) yield port
  }
}
const unused = freePortsOfBlocks()

/** Returns free ports, all different, and none that was given before, here or to another process of Weir. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const { value, done } = await unused.next()
    if (done)
      throw new Error(
        `No free port was found from ${LOWEST} to ${LOWEST + BLOCKS * BLOCK - 1}; stop the programs that listen there.`,
      )
    ports.push(value)
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
