/** Who may write to which topic: API keys, kept as hashes in a file that is read again when it changes. */
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { ConfigError, sameHash, sha256 } from '@weir/service'
import type { Logger, Resource } from '@weir/service'
import { parseKeys } from './keys.ts'
import type { ApiKey } from './keys.ts'

/** A mounted secret is a link that is switched over; asking for the file's times sees that, and notices of the file system do not. */
const LOOK_AGAIN_MS = 2000

export interface AccessConfig {
  readonly keysFile: string | undefined
  readonly anonymous: boolean
}

export interface Client {
  /** undefined for clients without a key. */
  readonly name: string | undefined
  mayWrite(topic: string): boolean
}

export interface Access {
  /** The client with this key (undefined: none was shown); undefined when it may not come in at all. */
  client(key: string | undefined): Client | undefined
}

const ANYBODY: Client = { name: undefined, mayWrite: () => true }

export function openAccess({ keysFile, anonymous }: AccessConfig, log: Logger): Resource<Access> {
  let keys: readonly ApiKey[] = []
  if (keysFile !== undefined) {
    const { keys: found, problems } = readKeys(keysFile)
    if (problems.length > 0) throw new ConfigError(problems)
    keys = found
    watchFile(keysFile, { interval: LOOK_AGAIN_MS, persistent: false }, () => {
      const { keys: changed, problems } = readKeys(keysFile)
      if (problems.length > 0) return log.error({ problems }, 'the changed file of API keys is not used, the keys before stay valid')
      keys = changed
      log.info({ names: keys.map((key) => key.name) }, 'API keys were read again')
    })
  }
  return {
    value: { client: (shown) => (shown === undefined ? (anonymous ? ANYBODY : undefined) : find(keys, shown)) },
    stop: () => { if (keysFile !== undefined) unwatchFile(keysFile) },
  }
}

/** Goes through all keys, whichever fits, so that the time taken tells nothing. */
function find(keys: readonly ApiKey[], shown: string): Client | undefined {
  const hash = sha256(shown)
  let found: ApiKey | undefined
  for (const key of keys) {
    if (sameHash(key.sha256, hash)) found = key
  }
  return found
}

function readKeys(file: string): { keys: readonly ApiKey[], problems: readonly string[] } {
  try {
    return parseKeys(readFileSync(file, 'utf8'))
  } catch (error) {
    return { keys: [], problems: [`HUB_API_KEYS_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`] }
  }
}
