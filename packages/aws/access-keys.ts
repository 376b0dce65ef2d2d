/**
 * The access keys of AWS clients. Their file is read again when it changes, as packages/service/access does
 * with API keys.
 */
import { ConfigError, type ConfigReader } from '@weir/config'
import { followFile, type Logger, type Resource } from '@weir/service'
import { ANONYMOUS, type AwsClient, clientOf, LOCAL_KEY, parseAccessKeys } from './access-key-file.ts'
import { accessDenied, expiredToken, unrecognizedClient } from './errors.ts'

export type { AwsClient } from './access-key-file.ts'

const LOOK_AGAIN_MS = 2000
const LOCAL_KEY_IS_OFF =
  'the access key test with the secret test is ignored, because anyone could guess it; it is valid only with ALLOW_ANONYMOUS=true'

export interface AwsAccessConfig {
  readonly keysFile: string | undefined
  readonly anonymous: boolean
}

export interface AwsAccess {
  /** Returns undefined for an unknown access key. */
  client(accessKeyId: string): AwsClient | undefined
  /** The client that sends unsigned requests; undefined if these are refused. */
  readonly anonymous: AwsClient | undefined
}

/** Reads the access configuration of a service with an AWS door from its environment. */
export function awsAccessConfig(reader: ConfigReader): AwsAccessConfig {
  const keysFile = reader.optional(
    'AWS_ACCESS_KEYS_FILE',
    'File of the access keys: [{ "accessKeyId", "secretAccessKey", "rights": { "kinesis": ["orders", "sensor-*"], "lambda": ["team-*"] }, ' +
      '"actions": ["kinesis:Put*"] }]; rights are by service, kafka for topics. Reloaded when it changes.',
  )
  const anonymous = reader.flag(
    'ALLOW_ANONYMOUS',
    'Whether unsigned requests, and those signed with the access key test and the secret test, may do everything.',
    false,
  )
  return { keysFile, anonymous }
}

/**
 * Throws a ConfigError if the file is wrong. If it becomes wrong later, the keys stay as they were before.
 */
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
              log.info({ names: [...found.clients.keys()] }, 'access keys were reloaded')
            else if (found.local && !anonymous) log.warn(LOCAL_KEY_IS_OFF)
            clients = found.clients
          } else if (clients === undefined) throw new ConfigError(problems)
          else
            log.error(
              { problems },
              'the changed file of access keys is ignored, and the earlier keys stay valid',
            )
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

/** Throws an AwsError if the client may no longer do the action on the resource. */
export type LastingRight = (action: string, resource: string) => void

/**
 * Checks the rights of a client again during a long answer. The check fails if the access key was removed,
 * has expired, has another secret, or has lost the right.
 * @param name the name of the client to which the answer begins
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
