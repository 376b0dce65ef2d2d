/** Who may write to which topic: API keys, kept as hashes in a file that is read again when it changes. */
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { FastifyRequest } from 'fastify'
import { identified, isLocalRequest, underPressure } from '../admission/requests.ts'
import { ConfigError, type ConfigReader } from '../config.ts'
import { HttpError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Resource } from '../opening.ts'
import { sameHash, sha256 } from '../secrets.ts'
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
  /** Whether it may see what is in the topic: by an application, on a page, as a table. */
  mayRead(topic: string): boolean
}

export interface Access {
  /** The client with this key (undefined: none was shown); undefined when it may not come in at all. */
  client(key: string | undefined): Client | undefined
}

const BEARER = /^bearer +(\S+) *$/i
const BASIC = /^basic +(\S+) *$/i

/** What a service with doors for clients is told by its environment. */
export function accessConfig(reader: ConfigReader): AccessConfig {
  const keysFile = reader.optional('API_KEYS_FILE',
    'File of the API keys: [{ "name", "sha256" of the key in hex, "topics": ["taxi.*"] to write to, "reads": ["taxi.*"] to see, as topics if not given }]. Read again when it changes.')
  const anonymous = reader.flag('ALLOW_ANONYMOUS', 'Whether clients without an API key may come in, and write to every topic that has a door.', false)
  if (keysFile === undefined && !anonymous) {
    reader.problem('API_KEYS_FILE is not set, so nobody could come in; name a file of keys, or set ALLOW_ANONYMOUS=true to let everybody in.')
  }
  return { keysFile, anonymous }
}

/**
 * The client of the request: its key comes as a bearer token, in X-Api-Key, or as the password that a browser asks for. Throws 401, 403 for a request without
 * a key that a web page from elsewhere has sent, and 429 if the client has no room left.
 * @param challenge Basic where people come with browsers
 */
export function identify(access: Access, request: FastifyRequest, challenge: 'Bearer' | 'Basic' = 'Bearer'): Client {
  const key = shownKey(request)
  const client = access.client(key)
  if (client !== undefined && key === undefined && !isLocalRequest(request)) throw notLocal()
  if (client !== undefined) {
    if (!identified(request, client.name ?? 'anonymous')) throw underPressure()
    return client
  }
  const scheme = challenge === 'Basic' ? 'Basic realm="Weir", charset="UTF-8"' : challenge
  throw new HttpError(401, 'unauthorized', 'An API key is needed: Authorization: Bearer KEY, or X-Api-Key: KEY; in a browser as the password, with any user name.',
    { 'www-authenticate': scheme })
}

function notLocal(): HttpError {
  return new HttpError(403, 'not-local', 'Without a key only programs and pages of this machine are served, by the names localhost and 127.0.0.1; '
    + 'show an API key (API_KEYS_FILE names those that are valid).')
}

/** Undefined where none was shown, empty where what was shown is none. */
function shownKey({ headers }: FastifyRequest): string | undefined {
  const direct = headers['x-api-key']
  if (typeof direct === 'string') return direct
  if (headers.authorization === undefined) return undefined
  const basic = BASIC.exec(headers.authorization)
  if (basic === null) return BEARER.exec(headers.authorization)?.[1] ?? ''
  const pair = Buffer.from(basic[1], 'base64').toString()
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : ''
}

/** Throws 403. */
export function mayWrite(client: Client, topic: string): void {
  if (!client.mayWrite(topic)) throw new HttpError(403, 'forbidden', `The API key ${client.name} may not write to ${topic}.`)
}

/** Throws 403. */
export function mayRead(client: Client, topic: string): void {
  if (!client.mayRead(topic)) throw new HttpError(403, 'forbidden', `The API key ${client.name} may not read ${topic}.`)
}

const ANYBODY: Client = { name: undefined, mayWrite: () => true, mayRead: () => true }

export function openAccess({ keysFile, anonymous }: AccessConfig, log: Logger, lookAgainMs = LOOK_AGAIN_MS): Resource<Access> {
  let keys: readonly ApiKey[] = []
  if (keysFile !== undefined) {
    const { keys: found, problems } = readKeys(keysFile)
    if (problems.length > 0) throw new ConfigError(problems)
    keys = found
    watchFile(keysFile, { interval: lookAgainMs, persistent: false }, () => {
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
    return { keys: [], problems: [`API_KEYS_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`] }
  }
}
