/**
 * The file of access keys: [{ "accessKeyId": "AKIA...", "secretAccessKey": "...", "rights": { "kinesis":
 * ["orders", "sensor-*"], "lambda": ["team-*"] }, "actions": ["kinesis:Put*"], "expires":
 * "2027-01-01T00:00:00Z" }]. A key has rights over the resources that `rights` names by service. Without
 * `actions` it may do everything with them.
 *
 * Files that were written before there were rights by service name resources in `streams` and `functions`:
 * `functions` are those of lambda, `streams` those of STREAM_SERVICES.
 *
 * The file holds the secrets themselves, not their hashes: a signature can only be checked with the secret.
 */
import { type May, mayWith, type Rights, TOPICS } from './rights.ts'
import type { Credential } from './sigv4/verify.ts'

export interface AwsClient extends Credential {
  /** The id of the access key; goes into logs and records. */
  readonly name: string
  /** Whether anybody can be this client. Web pages from elsewhere must be kept from it. */
  readonly localOnly: boolean
  readonly may: May
}

/** The key for people who run everything on their own machine. */
export const LOCAL_KEY = { accessKeyId: 'test', secretAccessKey: 'test' }

/** The client that sends unsigned requests. */
export const ANONYMOUS: AwsClient = {
  name: 'anonymous',
  localOnly: true,
  secret: '',
  acceptsToken: () => false,
  may: () => true,
}

/** The client of operations that need no signature. It has no rights. */
export const NOBODY: AwsClient = { ...ANONYMOUS, localOnly: false, may: () => false }

/** AWS's pattern (IAM API reference, AccessKey), which asks for at least 16 characters. */
const ID = /^\w{4,128}$/
/** Characters. AWS's secrets have 40. */
const MIN_SECRET = 16
const MAX_SECRET = 256
const NAME = /^[\w.*-]{1,128}$/
/** Names in rights: those of Glue have their database or registry before them, as sales/orders. */
const RESOURCE = /^[\w.*/$#-]{1,300}$/
const SERVICE = /^[a-z0-9*-]{1,64}$/
const ACTION = /^(\*|[a-z0-9-]+:[A-Za-z0-9*]+)$/
/** The services whose resources `streams` names. New services are named in `rights` only. */
const STREAM_SERVICES = ['kinesis', 'firehose', TOPICS, 's3', 'sns', 'sqs']
const FIELDS = new Set([
  'accessKeyId',
  'secretAccessKey',
  'rights',
  'streams',
  'functions',
  'actions',
  'expires',
])

interface Entry {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly rights?: Rights
  readonly streams?: readonly string[]
  readonly functions?: readonly string[]
  readonly actions?: readonly string[]
  readonly expires?: string
}

interface Parsed {
  readonly clients: ReadonlyMap<string, AwsClient>
  /** Sentences, which never repeat a secret. */
  readonly problems: readonly string[]
  /** Whether the file names the local key, which is left out of the clients. */
  readonly local: boolean
}

/** Returns the clients of all valid keys, and every problem of the others. */
export function parseAccessKeys(text: string): Parsed {
  let entries: unknown
  try {
    entries = JSON.parse(text)
  } catch {
    return { clients: new Map(), problems: ['The file of access keys is not JSON.'], local: false }
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
      problems.push(`Access key ${index} repeats the accessKeyId of an earlier one.`)
    else clients.set(key.accessKeyId, clientOf(key, mayWith(rightsOf(key), key.actions ?? ['*'])))
  }
  return { clients, problems, local }
}

/** Returns a client whose secret does not show when the client is printed or logged. */
export function clientOf(
  key: Pick<Entry, 'accessKeyId' | 'secretAccessKey' | 'expires'>,
  may: May,
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
  const { accessKeyId, secretAccessKey, rights, streams, functions, actions, expires } = entry as Readonly<
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
  if (rights !== undefined && !areRights(rights))
    problems.push(`${which} needs rights like { "kinesis": ["orders", "sensor-*"] }, or none.`)
  if (streams === undefined ? rights === undefined : !areAll(streams, NAME))
    problems.push(`${which} needs rights, or streams: a list of names, in which * matches any characters.`)
  if (functions !== undefined && !areAll(functions, NAME))
    problems.push(`${which} needs functions like offers and team-* in a list, or none.`)
  if (actions !== undefined && !areAll(actions, ACTION))
    problems.push(`${which} needs actions like kinesis:PutRecord and kinesis:Get* in a list, or none.`)
  const isDate = typeof expires === 'string' && !Number.isNaN(Date.parse(expires))
  if (expires !== undefined && !isDate)
    problems.push(`${which} needs a date like 2027-01-01T00:00:00Z in expires, or none.`)
  for (const field of Object.keys(entry)) {
    if (!FIELDS.has(field))
      problems.push(`${which} has a field ${JSON.stringify(field.slice(0, 40))}, which is not known.`)
  }
  return problems
}

function areAll(value: unknown, pattern: RegExp): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && pattern.test(item))
}

function areRights(value: unknown): value is Rights {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(value).every(([service, names]) => SERVICE.test(service) && areAll(names, RESOURCE))
  )
}

function rightsOf({ rights = {}, streams = [], functions = [] }: Entry): Rights {
  const older = {
    ...Object.fromEntries(STREAM_SERVICES.map((service) => [service, streams])),
    lambda: functions,
  }
  const all: Record<string, readonly string[]> = { ...rights }
  for (const [service, names] of Object.entries(older)) all[service] = [...(rights[service] ?? []), ...names]
  return all
}
