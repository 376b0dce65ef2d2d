/** Reads from the options and the environment which parts `weir up` starts, and on which ports. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ConfigReader } from '@weir/config'
import {
  forServices,
  furtherPorts,
  portVariable,
  SERVERS,
  SERVICES,
  type Server,
  type Service,
  services,
  urlVariable,
} from '@weir/contracts/services.ts'
import { StackError } from './errors.ts'
import type { PortNeeded } from './preflight.ts'

type PortPart = Server | Service | 'inbox'
/** A further port of a service or of the inbox: ingest-hub.mqtt. */
type FurtherName = `${Service | 'inbox'}.${string}`
export type PartName = PortPart | 'simulator'

/** Where the inbox takes e-mails. */
export const INBOX_SMTP = 'inbox.smtp' satisfies FurtherName

const PORT_PARTS: readonly PortPart[] = [...SERVERS, ...SERVICES, 'inbox']
const FURTHER = SERVICES.flatMap((service) =>
  furtherPorts(service).map((port) => ({ service, key: furtherName(service, port.name), ...port })),
)
export const PARTS: readonly PartName[] = [...PORT_PARTS, 'simulator']

export interface StackConfig {
  readonly parts: ReadonlySet<PartName>
  readonly ports: Readonly<Record<PortPart | FurtherName, number>>
  /** Whether the services have a certificate, and so their ports for TLS are open. */
  readonly tls: boolean
  /** Whether the alerter sends its e-mails to the inbox. False if another mail server is configured. */
  readonly inboxGetsMail: boolean
  readonly engine: 'opensearch' | 'elasticsearch'
  /** Whether another object store is configured. Then none is started, unless `--only` names it. */
  readonly otherObjectStore: boolean
}

/** The variable that sets each port, and the port's default. */
export const PORTS: Readonly<Record<PortPart | FurtherName, readonly [variable: string, port: number]>> = {
  kafka: ['KAFKA_PORT', 9092],
  registry: ['REGISTRY_PORT', 8181],
  redis: ['REDIS_PORT', 6379],
  search: ['SEARCH_PORT', 9200],
  objects: ['OBJECTS_PORT', 9000],
  ...forServices((name) => [portVariable(name), services[name].port] as const),
  ...Object.fromEntries(FURTHER.map(({ key, stackVariable, port }) => [key, [stackVariable, port] as const])),
  inbox: ['INBOX_PORT', 8025],
  [INBOX_SMTP]: ['INBOX_SMTP_PORT', 1025],
}

export function furtherName(service: Service, port: string): FurtherName {
  return `${service}.${port}`
}

export const stackConfig = (reader: ConfigReader) => ({
  ports: Object.fromEntries(
    Object.entries(PORTS).map(([name, [variable, port]]) => [
      name,
      reader.port(variable, `The port of ${name}.`, port),
    ]),
  ) as StackConfig['ports'],
  tls: reader.optional('TLS_CERT_FILE', 'The certificate of services with ports for TLS.') !== undefined,
  inboxGetsMail:
    reader.secret('ALERTER_SMTP_URL', 'A mail server for the alerter in the place of the inbox.') ===
    undefined,
  engine: reader.choice(
    'SEARCH_ENGINE',
    'The search engine to start.',
    ['opensearch', 'elasticsearch'],
    'opensearch',
  ),
  otherObjectStore:
    reader.optional('AWS_ENDPOINT_URL_S3', 'An object store in the place of the one that is started.') !==
    undefined,
})

/** Returns the parts that `--only` names, or all parts without it. */
export function chooseParts(
  only: string | undefined,
  { simulator, otherObjectStore }: { readonly simulator: boolean; readonly otherObjectStore: boolean },
): Set<PartName> {
  const named = only === undefined ? PARTS : only.split(',').map((name) => name.trim())
  for (const name of named) {
    if (!PARTS.includes(name as PartName))
      throw new StackError(`--only names "${name}"; it may name ${PARTS.join(', ')}, separated by commas.`)
  }
  const parts = new Set(named as readonly PartName[])
  if (!simulator) parts.delete('simulator')
  if (otherObjectStore && only === undefined) parts.delete('objects')
  if (parts.has('registry') && !parts.has('kafka'))
    throw new StackError(
      '--only names the registry without kafka, in which the registry stores its data; name both.',
    )
  return parts
}

export const portsNeeded = ({ parts, ports, tls }: StackConfig): PortNeeded[] => [
  ...PORT_PARTS.filter((part) => parts.has(part)).map((part) => ({
    what: part,
    variable: PORTS[part][0],
    port: ports[part],
    http: part !== 'kafka' && part !== 'redis',
  })),
  ...(parts.has('inbox')
    ? [{ what: 'e-mails to inbox', variable: PORTS[INBOX_SMTP][0], port: ports[INBOX_SMTP], http: false }]
    : []),
  ...FURTHER.filter((port) => parts.has(port.service) && (tls || !port.tls)).map(
    ({ key, service, name, stackVariable }) => ({
      what: `${name} of ${service}`,
      variable: stackVariable,
      port: ports[key],
      http: name === 'https',
    }),
  ),
]

/**
 * Returns the variables for services and commands. Parts that are not started here keep the caller's
 * variables.
 */
export function stackEnvironment(config: StackConfig): Record<string, string> {
  const { parts, ports, engine, inboxGetsMail } = config
  const http = (part: PortPart): string => `http://127.0.0.1:${ports[part]}`
  const all: Readonly<Record<PortPart, Readonly<Record<string, string>>>> = {
    kafka: { KAFKA_BROKERS: `127.0.0.1:${ports.kafka}` },
    registry: { REGISTRY_URL: `${http('registry')}/apis/ccompat/v7` },
    redis: { REDIS_URL: `redis://127.0.0.1:${ports.redis}` },
    search: { SEARCH_URL: http('search'), SEARCH_ENGINE: engine },
    objects: { AWS_ENDPOINT_URL_S3: http('objects') },
    ...forServices((name) => ({ [urlVariable(name)]: http(name) })),
    inbox: {
      INBOX_URL: http('inbox'),
      ...(inboxGetsMail ? { INBOX_SMTP_URL: `smtp://127.0.0.1:${ports[INBOX_SMTP]}` } : {}),
    },
  }
  return Object.assign({}, ...PORT_PARTS.filter((part) => parts.has(part)).map((part) => all[part]))
}

/** The sender of e-mails to the inbox. A name below localhost never leaves this machine (RFC 6761). */
const MAIL_FROM = 'weir@inbox.localhost'

/** Returns the variables by which the alerter sends e-mails to the inbox; none if it has another mail server. */
export function mailSettings(
  { INBOX_SMTP_URL: url }: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  if (url === undefined) return {}
  return { ALERTER_SMTP_URL: url, ALERTER_MAIL_FROM: env.ALERTER_MAIL_FROM || MAIL_FROM }
}

/** Variables by which AWS's SDKs find credentials. */
const CREDENTIALS = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
] as const

/**
 * Returns credentials for a service that uses the object store, which accepts any; none if the store does not run here,
 * or if the SDKs find credentials of the user's own.
 */
export function objectCredentials(
  environment: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = process.env,
  home = homedir(),
): Record<string, string> {
  const files = ['credentials', 'config'].map((name) => join(home, '.aws', name))
  const own = CREDENTIALS.some((name) => env[name]) || files.some((file) => existsSync(file))
  if (environment.AWS_ENDPOINT_URL_S3 === undefined || own) return {}
  return { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
}
