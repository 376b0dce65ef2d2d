/**
 * The one table of topics: their writers, readers and layout. Topic creation, schemas, types, rights and the
 * AsyncAPI document are generated from it.
 */

import { SERVICES, type Service } from './services.ts'

export interface Topic {
  /** The .avsc file under contracts/, without its extension. */
  readonly value: string
  /** The field of the value that is the record's key. If null, the writer sets its own keys, or none. */
  readonly key: string | null
  /** murmur2: Kafka's own. The partition count of a keyed topic never grows in place. */
  readonly partitioner: 'murmur2'
  readonly partitions: number
  /** The hours for which records are kept; 'compact' keeps the newest record of each key forever. */
  readonly retention: number | 'compact'
  /** The doors of ingest-hub that accept records for this topic from outside. */
  readonly doors: readonly 'http'[]
  readonly writers: readonly Service[]
  readonly readers: readonly Service[]
  readonly doc: string
}

const WEEK = 7 * 24

const deadLetter = (of: string, writer: Service): Topic => ({
  value: 'weir/dead-letter',
  key: null,
  partitioner: 'murmur2',
  partitions: 3,
  retention: 4 * WEEK,
  doors: [],
  writers: [writer],
  readers: [],
  doc: `Records that ${of} gave up, with their cause. Look at them and send them again with \`weir dlq\`.`,
})

export const topics = {
  'taxi.telemetry': {
    value: 'taxi/telemetry',
    key: 'deviceId',
    partitioner: 'murmur2',
    partitions: 12,
    retention: WEEK,
    doors: ['http'],
    writers: ['ingest-hub'],
    readers: ['enricher'],
    doc: 'Reports of the taxis as the devices sent them.',
  },
  'taxi.telemetry.late': {
    value: 'taxi/telemetry',
    key: 'deviceId',
    partitioner: 'murmur2',
    partitions: 3,
    retention: WEEK,
    doors: [],
    writers: ['enricher'],
    readers: [],
    doc: 'Reports that came too late for the live picture, kept unchanged.',
  },
  'taxi.enriched': {
    value: 'taxi/enriched',
    key: 'deviceId',
    partitioner: 'murmur2',
    partitions: 12,
    retention: WEEK,
    doors: [],
    writers: ['enricher'],
    readers: ['indexer'],
    doc: 'Reports with zone and state, exactly once for read_committed readers.',
  },
  'taxi.telemetry.dead': deadLetter('the enricher', 'enricher'),
  'taxi.enriched.dead': deadLetter('the indexer', 'indexer'),
  'location.offers': {
    value: 'location/offers',
    key: 'userId',
    partitioner: 'murmur2',
    partitions: 2,
    retention: 'compact',
    doors: [],
    writers: ['enricher'],
    readers: ['enricher'],
    doc: 'What each user was offered last, exactly once for read_committed readers.',
  },
  'weir.stats': {
    value: 'weir/stage-stats',
    key: 'stage',
    partitioner: 'murmur2',
    partitions: 1,
    retention: 1,
    doors: [],
    writers: SERVICES,
    readers: ['indexer'],
    doc: 'Throughput, lag and latency of every stage, once a second.',
  },
  'weir.invocations': {
    value: 'weir/invocation',
    key: 'requestId',
    partitioner: 'murmur2',
    partitions: 6,
    retention: 24,
    doors: [],
    writers: ['enricher'],
    readers: ['enricher'],
    doc: 'Invocations of functions that nobody waits for, until their functions have taken them.',
  },
  'weir.control.reference': {
    value: 'weir/reference',
    key: null,
    partitioner: 'murmur2',
    partitions: 1,
    retention: 'compact',
    doors: [],
    writers: ['enricher'],
    readers: ['enricher', 'indexer'],
    doc: 'Reference tables, for instance the zones of a city.',
  },
  'weir.control.streams': {
    value: 'weir/control-entry',
    key: null,
    partitioner: 'murmur2',
    partitions: 1,
    retention: 'compact',
    doors: [],
    writers: ['ingest-hub', 'enricher'],
    readers: ['ingest-hub', 'enricher'],
    doc: 'Kinesis streams with their shards and consumers, and the replicas that serve them.',
  },
  'weir.control.functions': {
    value: 'weir/control-entry',
    key: null,
    partitioner: 'murmur2',
    partitions: 1,
    retention: 'compact',
    doors: [],
    writers: ['enricher'],
    readers: ['enricher'],
    doc: 'Functions that were deployed, event source mappings that were made by the API, and the states of tumbling windows.',
  },
  'weir.functions.code': {
    value: 'weir/function-code',
    key: null,
    partitioner: 'murmur2',
    partitions: 1,
    retention: 'compact',
    doors: [],
    writers: ['enricher'],
    readers: ['enricher'],
    doc: 'The archives of deployed functions, in parts.',
  },
} as const satisfies Record<string, Topic>

export type TopicName = keyof typeof topics

/** The topic's subject in the schema registry (Confluent's TopicNameStrategy). */
export function subjectOf(topic: string): string {
  return `${topic}-value`
}

/**
 * The topic in which Apicurio Registry keeps every schema (kafkasql). It is created with the others, before
 * the registry starts. If the registry created it, it would get the broker's default retention of 7 days,
 * after which schemas would be gone.
 */
export const registryJournal = {
  name: 'kafkasql-journal',
  configs: { 'cleanup.policy': 'delete', 'retention.ms': '-1' },
} as const

export interface TopicFamily {
  /** The services that create, delete and grow the topics and set their configuration. */
  readonly managers: readonly Service[]
  readonly writers: readonly Service[]
  readonly readers: readonly Service[]
  readonly doc: string
}

/** Topics that are created at run time, by the prefix of their names. */
export const topicFamilies: Readonly<Record<string, TopicFamily>> = {
  'stream.': {
    managers: ['ingest-hub', 'enricher'],
    writers: ['ingest-hub', 'enricher'],
    readers: ['ingest-hub', 'enricher'],
    doc: 'Kinesis streams, one topic each, with the bytes of their clients.',
  },
}

export interface GroupFamily {
  readonly members: Service
  /** Whether the group commits in transactions. The transactional ids begin with the group's name. */
  readonly transactional: boolean
  /** The services that watch the group's lag. */
  readonly watchers: readonly Service[]
  readonly doc: string
}

/** Consumer groups, by the prefix of their names. */
export const groupFamilies: Readonly<Record<string, GroupFamily>> = {
  'enricher.': {
    members: 'enricher',
    transactional: true,
    watchers: ['indexer'],
    doc: 'Flows, and copies of topics in Redis.',
  },
  'weir.mapping.': { members: 'enricher', transactional: true, watchers: [], doc: 'Event source mappings.' },
  'indexer.': { members: 'indexer', transactional: false, watchers: [], doc: 'Sinks.' },
}
