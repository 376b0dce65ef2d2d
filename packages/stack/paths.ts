/**
 * Where the stack keeps its files: software in a cache shared by all checkouts, data and logs in the
 * checkout.
 */
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { unprivilegedUser } from './unprivileged.ts'

/** The root of this checkout. */
export const checkout = resolve(import.meta.dirname, '../..')

/**
 * The folder for unpacked servers. Root's is outside /root, because the search engines run as another user
 * and must read it.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.WEIR_CACHE) return resolve(env.WEIR_CACHE)
  return unprivilegedUser() === undefined ? join(homedir(), '.cache/weir') : '/var/cache/weir'
}

/** The folder for data, logs and the state file of `weir up`. */
export function dataFolder(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.WEIR_DATA || join(checkout, '.weir'))
}

/** Creates the data folder, closed to other users: it contains logs, records and the settings of services. */
export function makeDataFolder(): string {
  const folder = dataFolder()
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  return folder
}

/**
 * The folder for the search engine's data. A server that runs as another user cannot enter the data folder,
 * so its data goes into the cache, under a name derived from the data folder's path.
 */
export function searchFolder(engine: string, data: string, env: NodeJS.ProcessEnv = process.env): string {
  if (unprivilegedUser() === undefined) return join(data, engine)
  const name = createHash('sha256').update(data).digest('hex').slice(0, 12)
  return join(cacheFolder(env), 'data', name, engine)
}
