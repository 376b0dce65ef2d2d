/**
 * The one table of services. The service type, the principals, `weir up`, probes, settings, checks and the
 * texts of commands are derived from it. Tests check that Compose and the chart agree with it.
 */

/** Servers that `weir up` starts. */
export const SERVERS = ['kafka', 'registry', 'redis', 'search'] as const
export type Server = (typeof SERVERS)[number]

export type AwsApi = 'iot' | 'iotdata' | 'kinesis' | 'lambda' | 'sns' | 'sts'

export interface ServiceDefinition {
  /** The service's port on a laptop, in Compose and in the chart. */
  readonly port: number
  /**
   * The prefix of its variables: `HUB` for HUB_PORT, its port in `weir up`, and HUB_URL, where clients find
   * it.
   */
  readonly variable: string
  /** Servers that must answer before the service is ready. */
  readonly needs: readonly Server[]
  /** Servers that the service also uses, but can work without. */
  readonly uses: readonly Server[]
  /**
   * The APIs of AWS that it serves, each by the service that its requests are signed for. The gateway forwards
   * requests by this.
   */
  readonly apis: readonly AwsApi[]
  /** What the service provides, in a few words. */
  readonly doc: string
}

/**
 * The services in the order in which data passes through them. They are stopped in this order too, so that
 * each drains into the next.
 */
export const services = {
  gateway: {
    port: 4566,
    variable: 'GATEWAY',
    needs: [],
    uses: [],
    apis: [],
    doc: 'all AWS APIs on one port',
  },
  'ingest-hub': {
    port: 8080,
    variable: 'HUB',
    needs: ['kafka', 'registry'],
    uses: ['redis'],
    apis: ['kinesis', 'iot', 'iotdata', 'sts'],
    doc: 'the HTTP door, the Kinesis API, and rules for messages of devices',
  },
  enricher: {
    port: 8081,
    variable: 'ENRICHER',
    needs: ['kafka', 'registry', 'redis'],
    uses: [],
    apis: ['lambda'],
    doc: 'flows, reference tables, functions and the Lambda API',
  },
  alerter: {
    port: 8083,
    variable: 'ALERTER',
    needs: ['kafka', 'registry'],
    uses: [],
    apis: ['sns'],
    doc: "notifications by SNS's API: topics, subscriptions, deliveries",
  },
  indexer: {
    port: 8084,
    variable: 'INDEXER',
    needs: ['kafka', 'registry', 'search'],
    uses: [],
    apis: [],
    doc: 'the search indices and the pages',
  },
  console: {
    port: 8085,
    variable: 'CONSOLE',
    needs: ['kafka'],
    uses: ['registry'],
    apis: [],
    doc: 'the landing page: pipelines, streams, functions, topics, dead letters, health',
  },
} as const satisfies Record<string, ServiceDefinition>

export type Service = keyof typeof services

export const SERVICES = Object.keys(services) as Service[]

/** The services that reach the brokers. */
export const KAFKA_SERVICES = SERVICES.filter((name) =>
  (services[name].needs as readonly Server[]).includes('kafka'),
)

/** The names by which neighbouring containers reach a service that has AWS APIs: its own, and the gateway's. */
export const hostNames = (service: Service): readonly string[] => [service, 'gateway' satisfies Service]

/** The name of the variable with the service's URL. */
export const urlVariable = (service: Service): string => `${services[service].variable}_URL`

/** The name of the variable with the service's port in `weir up`. */
export const portVariable = (service: Service): string => `${services[service].variable}_PORT`

/** Returns an object with a value for each service. */
export function forServices<T>(of: (service: Service) => T): Record<Service, T> {
  return Object.fromEntries(SERVICES.map((service) => [service, of(service)])) as Record<Service, T>
}
