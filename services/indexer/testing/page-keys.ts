/** API keys in a file that a test changes while streams are open. The key with a name is the name itself. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { sha256 } from '@weir/config'
import { type Access, logger, openAccess } from '@weir/service'

export interface PageKeys {
  readonly access: Access
  /** Makes these keys the only valid ones, and resolves once `access` has noticed. */
  allow(...names: string[]): Promise<void>
  stop(): Promise<void>
}

const LOOK_AGAIN_MS = 50

export async function openPageKeys(...names: string[]): Promise<PageKeys> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-page-keys-'))
  const keysFile = join(folder, 'keys.json')
  const keyOf = (name: string) => ({
    name,
    sha256: sha256(name).toString('hex'),
    topics: [],
    reads: ['taxi.*'],
  })
  const write = (allowed: readonly string[]): void =>
    writeFileSync(keysFile, JSON.stringify(allowed.map(keyOf)))
  write(names)
  const { value: access, stop } = openAccess(
    { keysFile, anonymous: false },
    logger('page-test'),
    LOOK_AGAIN_MS,
  )
  const known = new Set(names)
  return {
    access,
    allow: async (...allowed) => {
      for (const name of allowed) known.add(name)
      write(allowed)
      const isWrong = (name: string): boolean =>
        (access.client(name) !== undefined) !== allowed.includes(name)
      while ([...known].some(isWrong)) await pause(LOOK_AGAIN_MS)
    },
    stop: async () => {
      await stop(0)
      rmSync(folder, { recursive: true })
    },
  }
}
