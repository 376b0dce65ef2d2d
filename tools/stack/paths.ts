/** Where the stack keeps things: software in a cache shared by all checkouts, data and logs in the checkout. */
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { unprivilegedUser } from './unprivileged.ts'

/** The root of this checkout. */
export const checkout = resolve(import.meta.dirname, '../..')

/** Unpacked servers. Root's lies outside /root, because the search engines run as another user and must read it. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.WEIR_CACHE) return resolve(env.WEIR_CACHE)
  return unprivilegedUser() === undefined ? join(homedir(), '.cache/weir') : '/var/cache/weir'
}

/** Data, logs and the state file of `weir up`. */
export function dataFolder(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.WEIR_DATA || join(checkout, '.weir'))
}

/**
 * The search engine's data: beside the others' where its user can get there, else in the cache, under a name that belongs to this data folder.
 * Root in a clone under /root (mode 700) is the usual case of "else".
 */
export function searchFolder(engine: string, data: string, env: NodeJS.ProcessEnv = process.env): string {
  if (unprivilegedUser() === undefined || othersCanEnter(data)) return join(data, engine)
  const name = createHash('sha256').update(data).digest('hex').slice(0, 12)
  return join(cacheFolder(env), 'data', name, engine)
}

/** True where every existing folder on the way lets others pass. */
function othersCanEnter(path: string): boolean {
  for (let at = resolve(path); ; at = dirname(at)) {
    const mode = statSync(at, { throwIfNoEntry: false })?.mode
    if (mode !== undefined && (mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}
