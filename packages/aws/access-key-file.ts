/**
 * The file of access keys: [{ "accessKeyId": "AKIA...", "secretAccessKey": "...", "streams": ["orders",
 * "sensor-*"], "functions": ["offers"], "actions": ["kinesis:Put*"], "expires": "2027-01-01T00:00:00Z" }].
 * Topics of Kafka are named among the streams. Without functions the rights are over none, without actions
 * all actions are allowed. The secrets are no hashes: a signature can only be checked with the secret itself.
 */
import type { Credential } from './sigv4/verify.ts'

export interface AwsClient extends Credential {
  /** The access key's id; goes into logs and records. */
  readonly name: string
  /** Whether anybody can be this client, so that pages from elsewhere must be kept from it. */
  readonly localOnly: boolean
  /**
   * Whether the rights allow the action on it.
   * @param action kinesis:PutRecord
   * @param resource an ARN, a stream's or topic's name, or * where the action is on none: then only the
   * action counts
   */
  may(action: string, resource: string): boolean
}

/** For those who run everything on their own machine. */
export const LOCAL_KEY = { accessKeyId: 'test', secretAccessKey: 'test' }

/** Who sends unsigned requests. */
export const ANONYMOUS: AwsClient = {
  name: 'anonymous',
  localOnly: true,
  secret: '',
  acceptsToken: () => false,
  may: () => true,
}

/** As AWS has it (IAM API reference, AccessKey), but shorter ones are no harm. */
const ID = /^\w{4,128}$/
/** Characters; AWS's have 40. */
const MIN_SECRET = 16
const MAX_SECRET = 256
const NAME = /^[\w.*-]{1,128}$/
const ACTION = /^(\*|[a-z0-9-]+:[A-Za-z0-9*]+)$/
const FUNCTION = /^arn:[^:]*:lambda:[^:]*:[^:]*:function:/
const FIELDS = new Set(['accessKeyId', 'secretAccessKey', 'streams', 'functions', 'actions', 'expires'])

interface Entry {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly streams: readonly string[]
  readonly functions?: readonly string[]
  readonly actions?: readonly string[]
  readonly expires?: string
}

interface Parsed {
  readonly clients: ReadonlyMap<string, AwsClient>
  /** Sentences. They never have a secret. */
  readonly problems: readonly string[]
  /** Whether the file has the local key, which is left out. */
  readonly local: boolean
}

/** All keys of the file, or every problem that it has. */
export function parseAccessKeys(text: string): Parsed {
  let entries: unknown
  try {
    entries = JSON.parse(text)
  } catch {
    return { clients: new Map(), problems: ['The file of access keys is no JSON.'], local: false }
  }
  if (!Array.isArray(entries))
    return { clients: new Map(), problems: ['The file of access keys must hold a list.'], local: false }
  const clients = new Map<string, AwsClient>()
  const problems: string[] = []
  let local = false
  for (const [index, entry] of entries.entries()) {
    const found = problemsOf(entry, `Access key ${index}`)
    problems.push(...found)
    if (found.length > 0) continue
    const key = entry as Entry
    if (isLocal(key)) local = true
    else if (clients.has(key.accessKeyId))
      problems.push(`Access key ${index} has the accessKeyId of another one before it.`)
    else clients.set(key.accessKeyId, clientOf(key, rightsOf(key)))
  }
  return { clients, problems, local }
}

/** The secret does not show up when the client is printed or logged. */
export function clientOf(
  key: Pick<Entry, 'accessKeyId' | 'secretAccessKey' | 'expires'>,
  may: AwsClient['may'],
): AwsClient {
  const expiresAt = key.expires === undefined ? undefined : Date.parse(key.expires)
  const local = isLocal(key)
  const client = {
    name: key.accessKeyId,
    localOnly: local,
    expiresAt,
    may,
    acceptsToken: (token: string | undefined): boolean => local || token === undefined,
  }
  return Object.defineProperty(client, 'secret', {
    value: key.secretAccessKey,
    enumerable: false,
  }) as AwsClient
}

function isLocal({ accessKeyId, secretAccessKey }: Pick<Entry, 'accessKeyId' | 'secretAccessKey'>): boolean {
  return accessKeyId === LOCAL_KEY.accessKeyId && secretAccessKey === LOCAL_KEY.secretAccessKey
}

function problemsOf(entry: unknown, which: string): string[] {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    return [`${which} must be an object.`]
  const { accessKeyId, secretAccessKey, streams, functions, actions, expires } = entry as Readonly<
    Record<string, unknown>
  >
  const problems: string[] = []
  if (typeof accessKeyId !== 'string' || !ID.test(accessKeyId))
    problems.push(`${which} needs an accessKeyId of 4 to 128 letters, digits and underscores.`)
  const isLongEnough =
    typeof secretAccessKey === 'string' &&
    secretAccessKey.length >= MIN_SECRET &&
    secretAccessKey.length <= MAX_SECRET
  if (!isLongEnough && !isLocal(entry as Entry))
    problems.push(`${which} needs a secretAccessKey of ${MIN_SECRET} to ${MAX_SECRET} characters.`)
  if (!areAll(streams, NAME))
    problems.push(`${which} needs streams: a list of names, in which * stands for any characters.`)
  if (functions !== undefined && !areAll(functions, NAME))
    problems.push(`${which} needs functions like offers and team-* in a list, or none.`)
  if (actions !== undefined && !areAll(actions, ACTION))
    problems.push(`${which} needs actions like kinesis:PutRecord and kinesis:Get* in a list, or none.`)
  const isDate = typeof expires === 'string' && !Number.isNaN(Date.parse(expires))
  if (expires !== undefined && !isDate)
    problems.push(`${which} needs a date like 2027-01-01T00:00:00Z in expires, or none.`)
  for (const field of Object.keys(entry)) {
    if (!FIELDS.has(field))
      problems.push(`${which} has a field ${JSON.stringify(field.slice(0, 40))}, which nothing reads.`)
  }
  return problems
}

function areAll(value: unknown, pattern: RegExp): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && pattern.test(item))
}

function rightsOf({ streams, functions = [], actions = ['*'] }: Entry): AwsClient['may'] {
  return (action, resource) => {
    if (!actions.some((pattern) => fits(pattern, action))) return false
    const name = nameOf(resource)
    return (
      name === '*' || (FUNCTION.test(resource) ? functions : streams).some((pattern) => fits(pattern, name))
    )
  }
}

/**
 * orders of arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/billing:1700000000, offers of
 * …:function:offers.
 */
function nameOf(resource: string): string {
  if (!resource.startsWith('arn:')) return resource
  const inner = resource.split(':').slice(5).join(':')
  return /^[a-z]+[/:]([^/:]+)/.exec(inner)?.[1] ?? inner
}

/** Whether the pattern, in which * stands for any characters, fits the whole text. */
function fits(pattern: string, text: string): boolean {
  const [first, ...rest] = pattern.split('*')
  if (rest.length === 0) return text === pattern
  const last = rest.pop()!
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false
  let at = first.length
  const end = text.length - last.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
