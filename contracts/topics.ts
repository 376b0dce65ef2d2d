/**
 * Tables of topics: their writers, readers and layout. The platform's table is in platform-topics.ts, and each solution
 * has its own; topic creation, schemas, types, rights and the AsyncAPI document follow from all of them together.
 */

import type { DeadLetter, DetectorStates, Finding, StateErasure, ValueOf } from './generated/types.ts'
import type { Service } from './services.ts'

/** HTTP, or MQTT: devices publish to the MQTT topics that match the filter. The payload is the value in JSON. */
export type Door = 'http' | { readonly mqtt: string }

/** The names of the topic's doors. */
export const doorNames = ({ doors }: Pick<Topic, 'doors'>): ('http' | 'mqtt')[] => [
  ...new Set(doors.map((door) => (typeof door === 'string' ? door : 'mqtt'))),
]

export interface Topic {
  /** The contract of the values: an .avsc file. Its sample and its published versions are beside it. */
  readonly value: URL
  /** The field of the value that is the record's key. If null, the writer sets its own keys, or none. */
  readonly key: string | null
  /** Keys are partitioned as Kafka's own clients do it, so the count of a keyed topic never grows in place. */
  readonly partitions: number
  /** How long records are kept; 'compact' keeps the newest record of each key forever. */
  readonly retentionHours: number | 'compact'
  /** The APIs of ingest-hub (its doors) through which clients may write to this topic. */
  readonly doors: readonly Door[]
  readonly writers: readonly Service[]
  readonly readers: readonly Service[]
  readonly doc: string
}

export type TopicTable = Readonly<Record<string, Topic>>

/** The topics of the platform and of every solution; each solution's generated types add its own. */
export type TopicName = keyof ValueOf

/** The topics whose values are dead letters. */
export type DeadLetterTopic = { [T in TopicName]: ValueOf[T] extends DeadLetter ? T : never }[TopicName]

/** The topics whose values are findings of detectors. */
export type FindingsTopic = { [T in TopicName]: ValueOf[T] extends Finding ? T : never }[TopicName]

/** The topics whose values are the states of detectors. */
export type DetectorStatesTopic = {
  [T in TopicName]: ValueOf[T] extends DetectorStates ? T : never
}[TopicName]

/** The topics whose values are requests to erase the state of a key. */
export type StateErasuresTopic = {
  [T in TopicName]: ValueOf[T] extends StateErasure ? T : never
}[TopicName]

/** Every topic. */
export type Topics = Readonly<Record<TopicName, Topic>>

export const WEEK_HOURS = 7 * 24

/** The contracts by which code recognises dead-letter topics and control logs. */
export const DEAD_LETTER = new URL('weir/dead-letter.avsc', import.meta.url)
export const FINDING = new URL('weir/finding.avsc', import.meta.url)
export const DETECTOR_STATES = new URL('weir/detector-states.avsc', import.meta.url)
export const STATE_ERASURE = new URL('weir/state-erasure.avsc', import.meta.url)
export const CONTROL_ENTRY = new URL('weir/control-entry.avsc', import.meta.url)

/**
 * The services that show people every topic and stream, with their sizes, and send dead letters back. They may
 * describe all topics, and have no stages of their own.
 */
export const TOPIC_WATCHERS: readonly Service[] = ['console']

/**
 * The topic for the dead letters of a flow or a sink that this service runs. The console shows them, and marks
 * those that it sends back.
 */
export const deadLetterTopic = (writer: Service): Topic => ({
  value: DEAD_LETTER,
  key: null,
  partitions: 3,
  retentionHours: 4 * WEEK_HOURS,
  doors: [],
  writers: [writer, ...TOPIC_WATCHERS],
  readers: TOPIC_WATCHERS,
  doc: `Records that the ${writer} gave up, with their cause. Inspect and redrive them in the console or with \`weir dlq\`.`,
})

/**
 * The topic of requests to erase the states of keys, which the tasks of this service own. It has as many partitions as
 * their source.
 */
export const erasuresTopic = (owner: Service, partitions: number, doc: string): Topic => ({
  value: STATE_ERASURE,
  key: null,
  partitions,
  retentionHours: WEEK_HOURS,
  doors: [],
  writers: [owner],
  readers: [owner],
  doc,
})

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
    readers: ['ingest-hub', 'enricher', 'indexer'],
    doc: 'Kinesis streams, one topic each, with records as their clients sent them.',
  },
  'delivery.': {
    managers: ['ingest-hub'],
    writers: ['ingest-hub'],
    readers: ['indexer', 'enricher'],
    doc: 'Records that were put directly into delivery streams, one topic each, until they are delivered.',
  },
  'delivery-processed.': {
    managers: ['ingest-hub'],
    writers: ['enricher'],
    readers: ['indexer'],
    doc: 'Records of delivery streams as functions and other processors have made them, one topic each.',
  },
  'notification.': {
    managers: [],
    writers: ['alerter'],
    readers: [],
    doc: 'Topics of operators that subscribe to notifications.',
  },
}

export interface GroupFamily {
  /** The service whose replicas are the group's members. */
  readonly service: Service
  /** Whether the group commits in transactions. The transactional ids begin with the group's name. */
  readonly transactional: boolean
  /** The services that watch the group's lag. */
  readonly watchers: readonly Service[]
  readonly doc: string
}

/** Consumer groups, by the prefix of their names. */
export const groupFamilies: Readonly<Record<string, GroupFamily>> = {
  'ingest-hub.': {
    service: 'ingest-hub',
    transactional: false,
    watchers: ['console'],
    doc: 'Actions of rules, and sessions at MQTT brokers.',
  },
  'enricher.': {
    service: 'enricher',
    transactional: true,
    watchers: ['indexer', 'console'],
    doc: 'Flows, asynchronous invocations, processing of delivery streams, and copies of topics in Redis.',
  },
  'weir.mapping.': {
    service: 'enricher',
    transactional: true,
    watchers: ['console'],
    doc: 'Event source mappings.',
  },
  'alerter.': {
    service: 'alerter',
    transactional: true,
    watchers: ['enricher', 'console'],
    doc: 'Deliveries of notifications, and detections.',
  },
  'pricing.': { service: 'pricing', transactional: true, watchers: ['console'], doc: 'Requests to tables.' },
  'indexer.': {
    service: 'indexer',
    transactional: true,
    watchers: ['console'],
    doc: 'Sinks, and delivery streams.',
  },
}
