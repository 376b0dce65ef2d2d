/**
 * Who may do what by AWS's protocols: access keys in a file that is read again when it changes, as
 * packages/service/access does with API keys.
 */
import { ConfigError, type ConfigReader } from '@weir/config'
import { followFile, type Logger, type Resource } from '@weir/service'
import { ANONYMOUS, type AwsClient, clientOf, LOCAL_KEY, parseAccessKeys } from './access-key-file.ts'
import { accessDenied, expiredToken, unrecognizedClient } from './errors.ts'

export type { AwsClient } from './access-key-file.ts'

const LOOK_AGAIN_MS = 2000
const LOCAL_KEY_IS_OFF =
  'the access key test with the secret test is not used: anybody could guess it; it is for ALLOW_ANONYMOUS=true only'

export interface AwsAccessConfig {
  readonly keysFile: string | undefined
  readonly anonymous: boolean
}

export interface AwsAccess {
  /** Undefined for access keys that are not known. */
  client(accessKeyId: string): AwsClient | undefined
  /** Who sends unsigned requests; undefined where these are refused. */
  readonly anonymous: AwsClient | undefined
}

/** What a service with doors for AWS's clients is told by its environment. */
export function awsAccessConfig(reader: ConfigReader): AwsAccessConfig {
  const keysFile = reader.optional(
    'AWS_ACCESS_KEYS_FILE',
    'File of the access keys: [{ "accessKeyId", "secretAccessKey", "streams": ["orders", "sensor-*"], "functions": ["offers", "team-*"], ' +
      '"actions": ["kinesis:Put*"] }]; streams are topics, too, and who names no functions has none. Read again when it changes.',
  )
  const anonymous = reader.flag(
    'ALLOW_ANONYMOUS',
    'Whether unsigned requests, and those signed with the access key test and the secret test, may do everything.',
    false,
  )
  return { keysFile, anonymous }
}

/** Throws a ConfigError for a file that is wrong. One that turns wrong later leaves the keys as they were. */
export function openAwsAccess(
  { keysFile, anonymous }: AwsAccessConfig,
  log: Logger,
  lookAgainMs = LOOK_AGAIN_MS,
): Resource<AwsAccess> {
  const local = anonymous ? clientOf(LOCAL_KEY, () => true) : undefined
  let clients: ReadonlyMap<string, AwsClient> | undefined
  const stop =
    keysFile === undefined
      ? () => {}
      : followFile(keysFile, lookAgainMs, (text, problem) => {
          const found = text === undefined ? undefined : parseAccessKeys(text)
          const problems = found?.problems ?? [`AWS_ACCESS_KEYS_FILE names ${keysFile}, ${problem}.`]
          if (found !== undefined && problems.length === 0) {
            if (clients !== undefined)
              log.info({ names: [...found.clients.keys()] }, 'access keys were read again')
            else if (found.local && !anonymous) log.warn(LOCAL_KEY_IS_OFF)
            clients = found.clients
          } else if (clients === undefined) throw new ConfigError(problems)
          else
            log.error({ problems }, 'the changed file of access keys is not used, the keys before stay valid')
        })
  return {
    value: {
      client: (accessKeyId) =>
        local !== undefined && accessKeyId === local.name ? local : clients?.get(accessKeyId),
      anonymous: anonymous ? ANONYMOUS : undefined,
    },
    stop,
  }
}

/** Throws an AwsError when the client may not do the action on the resource any more. */
export type LastingRight = (action: string, resource: string) => void

/**
 * Checks the rights of a client again while a long answer goes on. The check fails when the access key was
 * removed, has expired, got another secret, or lost the right.
 * @param name the client's, when the answer begins
 */
export function lastingRight(access: AwsAccess, name: string, accountId: string): LastingRight {
  const find = (): AwsClient | undefined =>
    access.client(name) ?? (access.anonymous?.name === name ? access.anonymous : undefined)
  const secret = find()?.secret
  return (action, resource) => {
    const client = find()
    if (client === undefined || client.secret !== secret) throw unrecognizedClient()
    if (client.expiresAt !== undefined && client.expiresAt <= Date.now()) throw expiredToken()
    if (!client.may(action, resource)) throw accessDenied(accountId, name, action, resource)
  }
}
