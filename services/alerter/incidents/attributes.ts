/** The attributes by which a message belongs to an incident. */
import type { IncidentSeverity } from '@weir/contracts'
import type { MessageAttribute } from '../notifications/publisher.ts'

export const INCIDENT_KEY = 'weir.incident.key'
export const INCIDENT_STATUS = 'weir.incident.status'
export const INCIDENT_SEVERITY = 'weir.incident.severity'

/** The attributes of an alert that describe its incident. */
export interface AlertAttributes {
  readonly key: string
  /** `open` alerts with the same key are one incident; `update` is always delivered; `resolved` ends it. */
  readonly status: 'open' | 'update' | 'resolved'
  readonly severity: IncidentSeverity
}

const STATUSES = ['open', 'update', 'resolved'] as const
/** The mildest comes first. */
export const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const
/** People read the messages of incidents, and the message is kept with the incident. */
const MAX_MESSAGE_CHARACTERS = 8192
const MAX_ATTRIBUTE_CHARACTERS = 8192
const MAX_KEY_CHARACTERS = 200
const KEY = /^[!-~]+$/

/** Returns what the attributes say about an incident; undefined if the message belongs to none. */
export function alertIn(attributes: readonly MessageAttribute[]): AlertAttributes | undefined {
  const valueOf = (wanted: string): string | undefined =>
    attributes.find(({ name }) => name === wanted)?.text ?? undefined
  const key = valueOf(INCIDENT_KEY)
  if (key === undefined) return undefined
  const status = STATUSES.find((one) => one === valueOf(INCIDENT_STATUS)) ?? 'open'
  const severity = SEVERITIES.find((one) => one === valueOf(INCIDENT_SEVERITY)) ?? 'error'
  return { key, status, severity }
}

/** Returns a complaint in a sentence; undefined if the message is right, or belongs to no incident. */
export function complaintAboutAlert(
  message: string,
  perProtocol: boolean,
  attributes: readonly MessageAttribute[],
): string | undefined {
  const own = attributes.filter(({ name }) => name.startsWith('weir.incident.'))
  if (own.length === 0) return undefined
  for (const { name, type, text } of own) {
    const allowed = ALLOWED.get(name)
    if (allowed === undefined)
      return `The message attribute '${name}' is not known; there are ${[...ALLOWED.keys()].join(', ')}.`
    if (type !== 'String' || text === null)
      return `The message attribute '${name}' must have the type String.`
    if (allowed !== 'key' && !allowed.includes(text))
      return `The message attribute '${name}' must be ${allowed.join(', ')}.`
  }
  const key = own.find(({ name }) => name === INCIDENT_KEY)?.text
  if (key === undefined || key === null)
    return `Messages with other attributes of incidents must have '${INCIDENT_KEY}'.`
  if (key.length > MAX_KEY_CHARACTERS || !KEY.test(key))
    return `The message attribute '${INCIDENT_KEY}' must have 1 to ${MAX_KEY_CHARACTERS} printable ASCII characters without spaces.`
  if (perProtocol)
    return 'The message of an incident has one text; templates of its topic make one for each protocol.'
  if (message.length > MAX_MESSAGE_CHARACTERS)
    return `The message of an incident has at most ${MAX_MESSAGE_CHARACTERS} characters.`
  const characters = attributes.reduce(
    (sum, { text, bytes }) => sum + (text?.length ?? bytes?.length ?? 0),
    0,
  )
  return characters > MAX_ATTRIBUTE_CHARACTERS
    ? `The attributes of an incident's message have at most ${MAX_ATTRIBUTE_CHARACTERS} characters.`
    : undefined
}

const ALLOWED = new Map<string, 'key' | readonly string[]>([
  [INCIDENT_KEY, 'key'],
  [INCIDENT_STATUS, STATUSES],
  [INCIDENT_SEVERITY, SEVERITIES],
])
