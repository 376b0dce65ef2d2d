/**
 * A solution is data and small functions that the services run. Services never name a solution; a solution
 * never opens a socket.
 */
import type {
  DeadLetterTopic,
  DetectorStatesTopic,
  FindingsTopic,
  Server,
  Service,
  StateErasuresTopic,
  TopicName,
  TopicTable,
} from '@weir/contracts'
import type { PublishedFlow, Source, Step } from '@weir/flow'
import type { Shape } from '@weir/topics/shape.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { FillDefinition, ItemTableDefinition } from './item-tables.ts'
import type { EndpointDefinition } from './model-endpoints.ts'
import type { SimulatorDefinition, SubscriptionDefinition } from './simulation.ts'

export interface Solution {
  /** Also the solution's folder and its path on the page server: lower case and dashes. */
  readonly name: string
  readonly title?: string
  /** The topics with the records that only this solution knows. */
  readonly topics?: TopicTable
  /** Run by the enricher. */
  readonly flows?: readonly FlowDefinition[]
  /** Run by services of their own. */
  readonly stages?: readonly StageDefinition[]
  /** Run by the alerter. */
  readonly detections?: readonly DetectionDefinition[]
  /** Filled by the indexer. */
  readonly sinks?: readonly SinkDefinition[]
  /** Reference tables, by name. No two solutions may have a table with the same name. */
  readonly tables?: Readonly<Record<string, TableDefinition>>
  /** Kept by pricing, by name. No two solutions may have one with the same name. */
  readonly itemTables?: Readonly<Record<string, ItemTableDefinition>>
  /** Endpoints of models that pricing serves, by name. */
  readonly endpoints?: Readonly<Record<string, EndpointDefinition>>
  /** Run by pricing. */
  readonly fills?: readonly FillDefinition[]
  readonly simulator?: SimulatorDefinition
  /** People who subscribe to notifications for a demonstration. `weir simulate` subscribes them in the inbox. */
  readonly subscriptions?: readonly SubscriptionDefinition[]
  readonly page?: PageDefinition
  /** Kinesis streams, each created if no stream with its name exists. */
  readonly streams?: readonly StreamDefinition[]
  /** Run by the enricher. */
  readonly functions?: readonly FunctionDefinition[]
  readonly mappings?: readonly MappingDefinition[]
  /** Mounted by the enricher. */
  readonly application?: ApplicationDefinition
  /** Printed by `weir up`, in this order. */
  readonly links?: readonly Link[]
  readonly probe?: Probe
}

/** Something to look at or to use, at a service or a server of `weir up`. */
export interface Link {
  readonly at: Service | Server
  /** Begins with a slash. */
  readonly path: string
  readonly doc: string
}

/** A way through the whole system that `helm test` tries: records go in at the hub and come out in an index. */
export interface Probe {
  /** Accepts records over HTTP. */
  readonly topic: TopicName
  /** A value of the topic, without the two fields below. */
  readonly value: Readonly<Record<string, unknown>>
  /** The text field that gets the name of the test run; a `keyword` in the index. */
  readonly runField: string
  /** The field that gets the event time. */
  readonly timeField: string
  /** The name of the solution's index in which each record must be found once. */
  readonly index: string
}

/**
 * Entries that do not match their shape are refused when they are written, and left out when they are read.
 */
export interface TableDefinition {
  /**
   * Flows and functions may rely on this shape. Fields that are added later must be optional, and bounds must
   * not become narrower, because older entries stay as they are.
   */
  readonly entry: Shape<unknown>
  /** Initial entries, by id. They are written once, while the table is empty. */
  readonly seed: Readonly<Record<string, unknown>>
}

export interface StreamDefinition {
  readonly name: string
  readonly shards: number
}

/** Lambda style: FILE.EXPORT in the folder, run in its own process. */
export interface FunctionDefinition {
  readonly name: string
  readonly folder: URL
  readonly handler: string
  /** From 128 to 10,240. */
  readonly memoryMb: number
  readonly timeoutMs: number
  /** Maximum number of environments. */
  readonly concurrency: number
  /** Environments that are started ahead, so that no invocation waits for one. Defaults to 0. */
  readonly provisioned?: number
  /** Returns the environment variables that the function's code sees. */
  environment(service: FunctionServices): Readonly<Record<string, string>>
}

/** What the functions of solutions may use. */
export interface FunctionServices {
  readonly redisUrl: string
  /** SNS's API. */
  readonly snsUrl: string
  /** The APIs of DynamoDB and of SageMaker's runtime. */
  readonly pricingUrl: string
  /** The access key for AWS's APIs, as the variables that AWS's SDKs read. */
  readonly credentials: { readonly AWS_ACCESS_KEY_ID: string; readonly AWS_SECRET_ACCESS_KEY: string }
}

/**
 * An event source mapping, as Lambda's API would create it. Settings that are not given take Lambda's
 * defaults.
 */
export interface MappingDefinition {
  readonly name: string
  readonly functionName: string
  readonly source:
    | { readonly kind: 'kinesis'; readonly stream: string }
    | { readonly kind: 'kafka'; readonly topic: TopicName }
    /** The changes of a table of the solution. */
    | { readonly kind: 'table'; readonly table: string }
  readonly batchSize?: number
  readonly parallelization?: number
  readonly maxRetries?: number
  readonly bisect?: boolean
  /**
   * Whether to leave out records whose id came within the last 15 minutes: a client has repeated a record
   * that it did not know to be stored.
   */
  readonly once?: boolean
  /** Whether the function gets the values of a topic decoded, as JSON. */
  readonly decode?: boolean
  /** The topic that receives the function's results. */
  readonly output?: TopicName
}

/** A solution's own routes: the application that its users see. */
export interface ApplicationDefinition {
  open(deps: ApplicationDeps): Promise<Application>
}

/** The sender of a request. Every function that reads or writes records takes it and checks its rights. */
export interface ApplicationClient {
  /** The name of its API key; undefined for a client without one. */
  readonly name: string | undefined
  mayWrite(topic: string): boolean
  mayRead(topic: string): boolean
}

export interface ApplicationDeps {
  /** Throws 401 unless the request has an API key, or none is needed. */
  identify(request: FastifyRequest): ApplicationClient
  /**
   * Throws 403 unless the client may read the topic. Call it before you answer with records that came through
   * follow().
   */
  requireRead(client: ApplicationClient, topic: TopicName): void
  /**
   * Stores a record in a stream. Rejects with 403 unless the client may write to the stream's topic, and
   * otherwise with an error whose `retriable` says whether repeating helps.
   * @param id the record's id, visible ASCII
   */
  put(client: ApplicationClient, stream: string, key: string, data: Buffer, id: string): Promise<void>
  /**
   * Stores a record in a topic of the solution. Rejects with 403 unless the client may write to it, with an error of the
   * codec if the value does not fit the contract, and otherwise with a KafkaError: it may be stored nevertheless.
   * @param id the record's id, visible ASCII
   */
  publish(client: ApplicationClient, topic: TopicName, value: any, id: string): Promise<void>
  /** Calls `accept` for every record of the topic from now on, in every replica. */
  follow(
    topic: TopicName,
    accept: (value: any, headers: Readonly<Record<string, string>>) => void,
  ): Promise<void>
  /**
   * Calls `accept` for the records of the topic that came within the last `windowMs`, but not more than a few
   * thousand of each partition, whenever `read` is called.
   */
  recent(topic: TopicName, windowMs: number, accept: (value: any) => void): Promise<RecentRecords>
  /** Returns a table of the solution; the table follows changes. */
  table(name: string): ReferenceTable
  /** Returns the newest value of each key of a compacted topic; it follows changes. */
  rows(topic: TopicName): Promise<ReadonlyMap<string, any>>
  /**
   * Gives the newest value of each key of a compacted topic, from a copy in Redis that can be rebuilt;
   * `undefined` if the key has no value. `get` rejects with 403 unless the client may read the topic.
   */
  latest(topic: TopicName): Promise<{ get(client: ApplicationClient, key: string): Promise<any> }>
}

/** The newest records of a topic. */
export interface RecentRecords {
  /** Resolves when all records up to now are accepted. Callers within half a second share a reading. */
  read(): Promise<void>
}

export interface Application {
  routes(app: FastifyInstance): void | Promise<void>
  /**
   * Returns the content of the solution's live page, as JSON. Called once a second while anybody is viewing, for all
   * viewers together.
   */
  snapshot?(): Promise<unknown>
  /** Ends requests that are still waiting. */
  stopping?(): void
}

/** Run by the enricher: source topic → steps → output topics, exactly once. */
export interface FlowDefinition {
  /** Names the consumer group (enricher.NAME), the stage and its metrics. */
  readonly name: string
  readonly source: TopicName
  readonly deadLetter: DeadLetterTopic
  build(deps: FlowDeps): PublishedFlow<number, any, Source>
}

export interface FlowDeps {
  /**
   * Leaves out records whose id came in their partition within the last `windowMs` (15 minutes by default): a
   * client has repeated a record that it did not know to be stored. Must be the first step.
   */
  once(windowMs?: number): Step<number, number, Source>
  /** Maps a record's index in the batch to its value, in the shape of the source's contract. */
  readonly decode: Step<number, any, Source>
  /** The current time, in milliseconds since the epoch. */
  readonly now: () => number
  /** The length of the flow's windows, if the configuration has another one than the solution. */
  readonly windowMs?: number
  /** Returns a table of the solution; the table follows changes while the flow runs. */
  table(name: string): ReferenceTable
  /**
   * Returns the newest value of each key of a compacted topic, such as the rows of a table of items. It follows changes
   * while the flow runs.
   */
  rows(topic: TopicName): ReadonlyMap<string, any>
}

/**
 * A live view of a reference table. `version` grows with every change, so a structure that is derived from
 * the entries is rebuilt only then.
 */
export interface ReferenceTable {
  readonly version: number
  /** Entries by id; the values have the shape that the solution declares. */
  readonly entries: ReadonlyMap<string, unknown>
}

/**
 * Run by a service with its own code, which opens it with `openConsumerStage`: source topic → output topic. The
 * console shows it and sends its dead letters back.
 */
export interface StageDefinition {
  readonly service: Service
  /** Names the consumer group (SERVICE.NAME), the stage and its metrics. */
  readonly name: string
  readonly source: TopicName
  readonly deadLetter: DeadLetterTopic
  /** Where its results go, unless they leave Weir. */
  readonly output?: TopicName
}

/**
 * Run by the alerter: readings of devices → detectors → findings, exactly once. The key of the source's records is the
 * device.
 */
export interface DetectionDefinition {
  /** Names the consumer group (alerter.NAME), the stage and its metrics. */
  readonly name: string
  readonly source: TopicName
  readonly deadLetter: DeadLetterTopic
  readonly output: FindingsTopic
  /** The states of the detectors. It has as many partitions as the source, and nothing else writes it. */
  readonly states: DetectorStatesTopic
  /** Requests to erase the states of devices. It has as many partitions as the source. */
  readonly erasures: StateErasuresTopic
  /** The field of the value that holds the event time, ms since the epoch. */
  readonly eventTime: string
  /** The reference table with what is normal, by class. */
  readonly table: string
  /** Returns the class of the device, which is the id of an entry of the table. */
  classOf(value: any): string
  readonly watches: readonly SensorWatch[]
}

/** One detector of one sensor. */
export interface SensorWatch {
  readonly sensor: string
  readonly unit?: string
  /** The name of a detector of the alerter. */
  readonly detector: string
  /** Returns the sensor's value; null if the record has none. */
  value(record: any): number | null
  /** Returns the detector's settings for a class; undefined: devices of that class are not watched. */
  settings(entry: any): Readonly<Record<string, number | string>> | undefined
}

/** Run by the indexer: topic → destination. */
export interface SinkDefinition {
  /** Names the consumer group (indexer.NAME), the stage and its metrics. */
  readonly name: string
  readonly source: TopicName
  readonly deadLetter: DeadLetterTopic
  /** The kind of the destination, and what the records become there. */
  readonly to: { readonly index: IndexDestination }
}

/** Search indices. */
export interface IndexDestination {
  /** Indices are named PREFIX-2026.11.22 (by rotation, UTC, of the event time). */
  readonly prefix: string
  readonly rotation: 'hour' | 'day' | 'week' | 'month'
  /** The field of the value that holds the event time, ms since the epoch. */
  readonly eventTime: string
  /** Mapping properties as Elasticsearch and OpenSearch both take them. */
  readonly properties: Readonly<Record<string, unknown>>
  /** For records that replace earlier ones, such as further results of a window. Otherwise the first record of an id counts. */
  readonly replaces?: Replacement
  /**
   * Returns the document of a record. Its _id is the record's id, if it does not replace others; `source` is the record's origin (a client,
   * a replay run, the simulator).
   */
  document(value: any, record: { readonly id: string; readonly source: string }): Record<string, unknown>
}

export interface Replacement {
  /** Returns the _id of the document, of which there is one in the index of its event time. */
  id(value: any): string
  /** Returns the number of the record among those with the same _id, from 1. The highest counts, in whatever order they come. */
  revision(value: any): number
}

/** A page at /NAME/ of the service that it names. */
export type PageDefinition = IndexPage | ApplicationPage

interface PageFolder {
  /**
   * The folder of index.html, a template that may fill the layout of the pages (packages/pages/layouts), and of the
   * static files that it loads; `kit/` is the kit of all pages.
   */
  readonly folder: URL
  /**
   * Files of npm packages that the page loads, as path under the page → file: { 'echarts.js':
   * 'echarts/dist/echarts.common.min.js' }.
   */
  readonly libraries: Readonly<Record<string, string>>
}

/** A live page over the solution's indices. */
export interface IndexPage extends PageFolder {
  readonly service: 'indexer'
  /**
   * Returns the page's content, as JSON. Called once a second while anybody is viewing, for all viewers
   * together.
   */
  snapshot(search: PageSearch): Promise<unknown>
}

/** A page beside the solution's application, from which it gets what it shows. */
export interface ApplicationPage extends PageFolder {
  readonly service: 'enricher'
  /** The page shows the application's snapshots, and only to those who may read its topics. Everybody may load others. */
  readonly live?: LiveContent
}

export interface LiveContent {
  readonly topics: readonly TopicName[]
  /** The stages whose rates and delays the page shows. */
  readonly stages: readonly string[]
}

export interface PageSearch {
  /**
   * Runs a search on the indices of this solution's sink with that name. The body is in the
   * engines' common query language.
   */
  search(sink: string, body: Record<string, unknown>): Promise<any>
  /** Returns a reference table as the enricher last published it. */
  table(name: string): ReferenceTable
}
