/** The checks before anything is started: each problem is one sentence that says what to do. */
import { mkdirSync, statfsSync } from 'node:fs'
import { isFetchable } from '@weir/egress/ports.ts'
import { StackError } from './errors.ts'
import { findJava } from './java.ts'
import { holderOf, isFree } from './ports.ts'

/** In bytes: the software takes 1 GB unpacked, an afternoon of the simulator the rest. */
const MIN_DISK = 2 * 1024 ** 3

export interface PortNeeded {
  readonly what: string
  readonly variable: string
  readonly port: number
  /** True for HTTP: browsers and fetch must be able to reach the port. */
  readonly http: boolean
}

/**
 * Throws a StackError for the first problem. Does not check for Maven: only downloads into the cache need it,
 * and they report it.
 */
export async function preflight(ports: readonly PortNeeded[], folders: readonly string[]): Promise<void> {
  findJava()
  for (const folder of folders) checkDisk(folder)
  for (const needed of ports) await checkPort(needed)
}

function checkDisk(folder: string): void {
  mkdirSync(folder, { recursive: true })
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  if (free < MIN_DISK)
    throw new StackError(
      `Only ${(free / 1024 ** 3).toFixed(1)} GB are free at ${folder}; free 2 GB, or set WEIR_DATA and WEIR_CACHE to folders on another disk.`,
    )
}

async function checkPort({ what, variable, port, http }: PortNeeded): Promise<void> {
  if (http && !isFetchable(port))
    throw new StackError(
      `Port ${port} for ${what} is one that browsers and fetch refuse to connect to; choose another port with ${variable}=…`,
    )
  if (await isFree(port)) return
  const holder = holderOf(port)
  throw new StackError(
    `Port ${port} for ${what} is taken${holder ? ` by ${holder}` : ''}; stop that, or choose another port with ${variable}=…`,
  )
}
