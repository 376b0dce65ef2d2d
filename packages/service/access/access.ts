/**
 * Controls who may write to which topic, with API keys that are kept as hashes in a file. The file is read
 * again when it changes.
 */

import { ConfigError, type ConfigReader, sameHash, sha256 } from '@weir/config'
import type { FastifyRequest } from 'fastify'
import { identified, isLocalRequest, underPressure } from '../admission/requests.ts'
import { HttpError } from '../errors.ts'
import { followFile } from '../followed-file.ts'
import type { Logger } from '../logger.ts'
import type { Resource } from '../opening.ts'
import { ALL_DEVICE_RIGHTS, type DeviceRights } from './device-rights.ts'
import type { ApiKey } from './keys.ts'
import { parseKeys } from './keys.ts'

const LOOK_AGAIN_MS = 2000

export interface AccessConfig {
  readonly keysFile: string | undefined
  readonly anonymous: boolean
}

export interface Client {
  /** Undefined for clients without a key. */
  readonly name: string | undefined
  mayWrite(topic: string): boolean
  /** Whether the client may see the topic's records: through an application, on a page, as a table. */
  mayRead(topic: string): boolean
}

/** A client with its rights on topics of MQTT. */
export interface DeviceClient extends Client, DeviceRights {}

export interface Access {
  /**
   * Returns the client with this key (undefined: the request has none); undefined if it is not allowed in at
   * all.
   */
  client(key: string | undefined): DeviceClient | undefined
  /** Returns the client for devices that show a valid certificate; undefined if they are not allowed in. */
  certified(): DeviceClient | undefined
  /** Grows with each change of the keys: what was looked up before may have other rights by then. */
  readonly version: number
}

const BEARER = /^bearer +(\S+) *$/i
const BASIC = /^basic +(\S+) *$/i

/** Reads the access configuration of a service with clients from the environment. */
export function accessConfig(reader: ConfigReader): AccessConfig {
  const keysFile = reader.optional(
    'API_KEYS_FILE',
    'File of the API keys: [{ "name", "sha256" of the key in hex, "topics": ["orders.*"] to write to, ' +
      '"reads": ["orders.*"] to read from, by default the same as topics, "mqtt": { "publish": ["fleet/${clientId}/#"], ' +
      '"subscribe": [] } for devices }]. Reloaded when it changes.',
  )
  const anonymous = reader.flag(
    'ALLOW_ANONYMOUS',
    'Whether clients without an API key are admitted and may write to every topic that has a door.',
    false,
  )
  if (keysFile === undefined && !anonymous) {
    reader.problem(
      'API_KEYS_FILE is not set, so no client would be admitted; name a file of keys, or set ALLOW_ANONYMOUS=true to admit all clients.',
    )
  }
  return { keysFile, anonymous }
}

/**
 * Returns the client of the request. Its key is a bearer token, X-Api-Key, or the password that a browser
 * asks for. Throws 401, 403 for a request without a key that a web page from elsewhere sent, and 429 if the
 * client has no room left.
 * @param challenge Basic if people use this route with browsers
 */
export function identify(
  access: Access,
  request: FastifyRequest,
  challenge: 'Bearer' | 'Basic' = 'Bearer',
): Client {
  const client = clientOf(access, request)()
  if (client !== undefined) {
    if (!identified(request, client.name ?? 'anonymous')) throw underPressure()
    return client
  }
  if (shownKey(request) === undefined && access.client(undefined) !== undefined) throw notLocal()
  const scheme = challenge === 'Basic' ? 'Basic realm="Weir", charset="UTF-8"' : challenge
  throw new HttpError(
    401,
    'unauthorized',
    'An API key is required: send Authorization: Bearer KEY or X-Api-Key: KEY; in a browser, enter it as the password with any user name.',
    { 'www-authenticate': scheme },
  )
}

function notLocal(): HttpError {
  return new HttpError(
    403,
    'not-local',
    'Without a key only programs and pages on this machine are served, at localhost and 127.0.0.1; ' +
      'send an API key (API_KEYS_FILE lists the valid ones).',
  )
}

/**
 * Returns a function that looks up the request's client at each call, with the rights that its key has by
 * then; undefined once the key is no longer valid. A stream, or anything else that outlasts its request,
 * calls it again before it sends more.
 */
export function clientOf(access: Access, request: FastifyRequest): () => Client | undefined {
  const shown = shownKey(request)
  if (shown === undefined && !isLocalRequest(request)) return () => undefined
  return () => access.client(shown)
}

/** Undefined if the request shows no key, empty if it shows something that is not a key. */
function shownKey({ headers }: FastifyRequest): string | undefined {
  const direct = headers['x-api-key']
  if (typeof direct === 'string') return direct
  if (headers.authorization === undefined) return undefined
  const basic = BASIC.exec(headers.authorization)
  if (basic === null) return BEARER.exec(headers.authorization)?.[1] ?? ''
  const pair = Buffer.from(basic[1], 'base64').toString()
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : ''
}

/** Throws 403 if the client may not. */
export function mayWrite(client: Client, topic: string): void {
  if (!client.mayWrite(topic))
    throw new HttpError(403, 'forbidden', `The API key ${client.name} may not write to ${topic}.`)
}

/** Throws 403 if the client may not. */
export function mayRead(client: Client, topic: string): void {
  if (!client.mayRead(topic))
    throw new HttpError(403, 'forbidden', `The API key ${client.name} may not read ${topic}.`)
}

const ANYBODY: DeviceClient = {
  name: undefined,
  mayWrite: () => true,
  mayRead: () => true,
  ...ALL_DEVICE_RIGHTS,
}

export function openAccess(
  { keysFile, anonymous }: AccessConfig,
  log: Logger,
  lookAgainMs = LOOK_AGAIN_MS,
): Resource<Access> {
  let keys: readonly ApiKey[] | undefined
  let version = 0
  const stop =
    keysFile === undefined
      ? () => {}
      : followFile(keysFile, lookAgainMs, (text, problem) => {
          const { keys: found, problems } =
            text === undefined ? unreadable(keysFile, problem) : parseKeys(text)
          if (problems.length === 0) {
            if (keys !== undefined)
              log.info({ names: found.map((key) => key.name) }, 'API keys were reloaded')
            keys = found
            version++
          } else if (keys === undefined) throw new ConfigError(problems)
          else
            log.error(
              { problems },
              'the changed file of API keys is ignored, and the earlier keys stay valid',
            )
        })
  return {
    value: {
      get version() {
        return version
      },
      certified: () => keys?.find(({ sha256: hash }) => hash === undefined),
      client: (shown) => (shown === undefined ? (anonymous ? ANYBODY : undefined) : find(keys ?? [], shown)),
    },
    stop,
  }
}

const unreadable = (file: string, problem: string): ReturnType<typeof parseKeys> => ({
  keys: [],
  problems: [`API_KEYS_FILE names ${file}, ${problem}.`],
})

/** Compares all keys, whichever matches, so that the time taken reveals nothing. */
function find(keys: readonly ApiKey[], shown: string): DeviceClient | undefined {
  const hash = sha256(shown)
  let found: ApiKey | undefined
  for (const key of keys) {
    if (key.sha256 !== undefined && sameHash(key.sha256, hash)) found = key
  }
  return found
}
