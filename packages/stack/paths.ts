/**
 * Where the stack keeps things: software in a cache shared by all checkouts, data and logs in the checkout.
 */
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { unprivilegedUser } from './unprivileged.ts'

/** The root of this checkout. */
export const checkout = resolve(import.meta.dirname, '../..')

/**
 * Unpacked servers. Root's lies outside /root, because the search engines run as another user and must read
 * it.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.WEIR_CACHE) return resolve(env.WEIR_CACHE)
  return unprivilegedUser() === undefined ? join(homedir(), '.cache/weir') : '/var/cache/weir'
}

/** Data, logs and the state file of `weir up`. */
export function dataFolder(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.WEIR_DATA || join(checkout, '.weir'))
}

/** Makes the data folder, closed to other users: logs, records and the settings of services are in it. */
export function makeDataFolder(): string {
  const folder = dataFolder()
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  return folder
}

/**
 * The search engine's data. A server that runs as another user cannot enter the data folder: then its data is
 * in the cache, under a name that belongs to this data folder.
 */
export function searchFolder(engine: string, data: string, env: NodeJS.ProcessEnv = process.env): string {
  if (unprivilegedUser() === undefined) return join(data, engine)
  const name = createHash('sha256').update(data).digest('hex').slice(0, 12)
  return join(cacheFolder(env), 'data', name, engine)
}
