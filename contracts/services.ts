/**
 * The one table of services. The service type, the principals, `weir up`, probes, settings, checks and the
 * texts of commands are derived from it. Tests check that Compose and the chart agree with it.
 */

/** Servers that `weir up` starts. */
export const SERVERS = ['kafka', 'registry', 'redis', 'search', 'objects'] as const
export type Server = (typeof SERVERS)[number]

/** Servers that Compose and the chart start too. Their services find objects in S3, or at AWS_ENDPOINT_URL_S3. */
export const IMAGE_SERVERS = SERVERS.filter((server) => server !== 'objects')

export type AwsApi =
  | 'dynamodb'
  | 'dynamodbstreams'
  | 'firehose'
  | 'glue'
  | 'iot'
  | 'iotdata'
  | 'kinesis'
  | 'lambda'
  | 'sagemaker'
  | 'sns'
  | 'sts'

/** A port of a service besides the one for HTTP. */
export interface FurtherPort {
  readonly port: number
  /**
   * The variable by which the service learns the port. `weir up` and Compose read the port from the same
   * variable after the service's prefix: HUB_MQTT_PORT.
   */
  readonly variable: string
  /** Whether the port is for TLS. It is open only if the service has a certificate. */
  readonly tls: boolean
  readonly doc: string
}

export interface ServiceDefinition {
  /** The service's port on a laptop, in Compose and in the chart. */
  readonly port: number
  /** Its further ports by name: the name of the protocol. */
  readonly ports?: Readonly<Record<string, FurtherPort>>
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
  /** The purpose of the service, in a few words. */
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
    ports: {
      https: {
        port: 8443,
        variable: 'HTTPS_PORT',
        tls: true,
        doc: 'the same as the port for HTTP, with TLS',
      },
      mqtt: { port: 1883, variable: 'MQTT_PORT', tls: false, doc: 'MQTT 3.1.1 and 5, for devices' },
      mqtts: { port: 8883, variable: 'MQTTS_PORT', tls: true, doc: 'MQTT with TLS' },
    },
    variable: 'HUB',
    needs: ['kafka', 'registry'],
    uses: ['redis'],
    apis: ['kinesis', 'firehose', 'iot', 'iotdata', 'sts'],
    doc: 'the HTTP and MQTT doors, the Kinesis and Firehose APIs, and rules for messages of devices',
  },
  enricher: {
    port: 8081,
    variable: 'ENRICHER',
    needs: ['kafka', 'registry', 'redis'],
    uses: [],
    apis: ['lambda'],
    doc: 'flows, reference tables, functions and the Lambda API',
  },
  pricing: {
    port: 8082,
    variable: 'PRICING',
    needs: ['kafka', 'registry'],
    uses: [],
    apis: ['dynamodb', 'dynamodbstreams', 'glue', 'sagemaker'],
    doc: 'tables of items with the DynamoDB API, models with the SageMaker runtime API, and the catalogue of data with the Glue API',
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
    uses: ['objects'],
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

export interface NamedPort extends FurtherPort {
  readonly name: string
  /** The variable with the port in `weir up` and in Compose. */
  readonly stackVariable: string
}

/** The ports of a service besides the one for HTTP. */
export function furtherPorts(service: Service): readonly NamedPort[] {
  const { ports = {}, variable }: ServiceDefinition = services[service]
  return Object.entries(ports).map(([name, port]) => ({
    ...port,
    name,
    stackVariable: `${variable}_${port.variable}`,
  }))
}

/** Variables by which services open their further ports wherever there are free ones, for tests and benches. */
export const ANY_FURTHER_PORTS: Readonly<Record<string, string>> = Object.fromEntries(
  SERVICES.flatMap((name) => furtherPorts(name).map(({ variable }) => [variable, '0'])),
)

/** Returns an object with a value for each service. */
export function forServices<T>(of: (service: Service) => T): Record<Service, T> {
  return Object.fromEntries(SERVICES.map((service) => [service, of(service)])) as Record<Service, T>
}
