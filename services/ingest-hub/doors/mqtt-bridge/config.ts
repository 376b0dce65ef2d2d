/** The MQTT brokers to which the hub connects as a client. */
import type { ConfigReader } from '@weir/config'
import { BRIDGE_SESSIONS } from '@weir/contracts/platform-topics.ts'
import { filterProblem, type TopicLimits } from '@weir/iot-sql'

/** A broker's topics need not fit AWS's limits. */
export const BRIDGE_LIMITS: TopicLimits = { maxBytes: 1024, maxLevels: 32 }

export interface Broker {
  /** The source of its messages. */
  readonly name: string
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly filters: readonly string[]
  /** The group of the shared subscriptions. The client ids begin with it. */
  readonly group: string
  /** Sessions at the broker, each with a connection of its own, over all replicas. */
  readonly sessions: number
  readonly username: string | undefined
  readonly password: string | undefined
  /** PEM files. They are read at each connection. */
  readonly caFile: string | undefined
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
}

export interface BridgeConfig {
  readonly brokers: readonly Broker[]
  /** Why the text that was read last is not used, a sentence each. */
  readonly problems: readonly string[]
}

/**
 * Returns the configuration as it is now, the same object until it changes. A text with problems leaves the brokers
 * as they were.
 */
export type ReadBridgeConfig = () => BridgeConfig

const FIELDS = new Set([
  'name',
  'url',
  'filters',
  'group',
  'sessions',
  'username',
  'password',
  'caFile',
  'certFile',
  'keyFile',
])
const MAX_BROKERS = 16
const MAX_FILTERS = 32
const NAME = /^[\w.-]{1,64}$/
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 }

/** Undefined if no broker is configured. */
export function bridgeConfig(reader: ConfigReader): ReadBridgeConfig | undefined {
  const read = reader.rotated(
    'MQTT_BRIDGE',
    'MQTT 5 brokers to which the hub connects as a client, in JSON: [{ "name": "plant", "url": "mqtts://broker.example:8883", ' +
      `"filters": ["plant/+/telemetry"], "group": "weir", "sessions": 1 to ${BRIDGE_SESSIONS}, "username", "password", "caFile", "certFile", "keyFile" }]. ` +
      'The subscriptions are shared by all replicas. MQTT_BRIDGE_FILE names a file with it, which is read again when it changes.',
    { secret: true },
  )
  if (read === undefined) return undefined
  let text = read()
  let config = parseBrokers(text)
  for (const problem of config.problems) reader.problem(problem)
  return () => {
    const now = read()
    if (now === text) return config
    text = now
    const { brokers, problems } = parseBrokers(now)
    config = { brokers: problems.length === 0 ? brokers : config.brokers, problems }
    return config
  }
}

/** Returns all brokers of the text, or every problem with it. Problems do not repeat passwords. */
export function parseBrokers(text: string): BridgeConfig {
  let entries: unknown
  try {
    entries = JSON.parse(text)
  } catch {
    return { brokers: [], problems: ['MQTT_BRIDGE is not JSON.'] }
  }
  if (!Array.isArray(entries) || entries.length > MAX_BROKERS)
    return { brokers: [], problems: [`MQTT_BRIDGE must be a list of at most ${MAX_BROKERS} brokers.`] }
  const problems: string[] = []
  const brokers = entries.map((entry, index) =>
    brokerOf(entry ?? {}, (problem) => problems.push(`Broker ${index} of MQTT_BRIDGE ${problem}`)),
  )
  if (new Set(brokers.map(({ name }) => name)).size < brokers.length)
    problems.push('Two brokers of MQTT_BRIDGE have the same name.')
  return { brokers, problems }
}

function brokerOf(entry: any, report: (problem: string) => void): Broker {
  for (const field of Object.keys(entry)) {
    if (!FIELDS.has(field)) report(`has a field ${JSON.stringify(field.slice(0, 40))}, which is not known.`)
  }
  const { name, filters, group = 'weir', sessions = BRIDGE_SESSIONS, username, password } = entry
  const { caFile, certFile, keyFile } = entry
  for (const [field, value] of Object.entries({ username, password, caFile, certFile, keyFile })) {
    if (value !== undefined && typeof value !== 'string') report(`needs ${field} as a text.`)
  }
  if (typeof name !== 'string' || !NAME.test(name))
    report('needs a name of 1 to 64 letters, digits, dots, hyphens and underscores.')
  if (typeof group !== 'string' || !NAME.test(group))
    report('needs a group of 1 to 64 letters, digits, dots, hyphens and underscores, or none.')
  if (!Number.isInteger(sessions) || sessions < 1 || sessions > BRIDGE_SESSIONS)
    report(`needs sessions from 1 to ${BRIDGE_SESSIONS}, or none.`)
  if (!Array.isArray(filters) || filters.length < 1 || filters.length > MAX_FILTERS)
    report(`needs 1 to ${MAX_FILTERS} topic filters as filters.`)
  for (const filter of Array.isArray(filters) ? filters : []) {
    const problem =
      typeof filter === 'string' ? filterProblem(filter, BRIDGE_LIMITS) : 'A topic filter must be a text.'
    if (problem !== undefined) report(`has a wrong filter. ${problem}`)
  }
  if ((certFile === undefined) !== (keyFile === undefined))
    report('needs both certFile and keyFile, or none.')
  const url = URL.parse(String(entry.url))
  const defaultPort = DEFAULT_PORTS[url?.protocol ?? '']
  if (url === null || defaultPort === undefined || url.hostname === '')
    report('needs a url such as mqtt://broker.example:1883 or mqtts://broker.example:8883.')
  if (url !== null && (url.username !== '' || url.password !== ''))
    report('has a user in its url; set username and password.')
  return {
    name,
    host: url?.hostname.replace(/^\[|\]$/g, '') ?? '',
    port: Number(url?.port) || (defaultPort ?? 0),
    tls: url?.protocol === 'mqtts:',
    filters,
    group,
    sessions,
    username,
    password,
    caFile,
    certFile,
    keyFile,
  }
}
