/**
 * Tables of topics: their writers, readers and layout. The platform's table is here, and each solution has its own;
 * topic creation, schemas, types, rights and the AsyncAPI document follow from all of them together.
 */

import type { DeadLetter, DetectorStates, Finding, StateErasure, ValueOf } from './generated/types.ts'
import { KAFKA_SERVICES, type Service } from './services.ts'

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

/** The partitions of the messages, and of the topics that follow them. */
const NOTIFICATION_PARTITIONS = 12
/** The last one keeps deliveries for 125 ms × 2^15, which is longer than an hour. */
export const WAITING_PARTITIONS = 16
/** The last one keeps actions of rules for 1 s × 2^7, which is about two minutes. */
export const RETRY_PARTITIONS = 8

/** The partitions of the items of tables, of the requests for them and of their changes. */
export const TABLE_PARTITIONS = 12

/** Sessions at an MQTT broker at most; each belongs to a partition. */
export const BRIDGE_SESSIONS = 12

/** The partitions of incidents, and of what is held in quiet hours: few, since people read both. */
const INCIDENT_PARTITIONS = 6

/** A topic that the alerter alone writes and reads. */
const ofAlerter = (
  value: string,
  key: string | null,
  retentionHours: Topic['retentionHours'],
  doc: string,
): Topic => ({
  value: new URL(`weir/${value}.avsc`, import.meta.url),
  key,
  partitions: INCIDENT_PARTITIONS,
  retentionHours,
  doors: [],
  writers: ['alerter'],
  readers: ['alerter'],
  doc,
})

/** The platform's own topics. */
export const platformTopics: TopicTable = {
  'weir.stats': {
    value: new URL('weir/stage-stats.avsc', import.meta.url),
    key: 'stage',
    partitions: 1,
    retentionHours: 1,
    doors: [],
    writers: KAFKA_SERVICES.filter((name) => !TOPIC_WATCHERS.includes(name)),
    readers: ['enricher', 'alerter', 'indexer', 'console'],
    doc: 'Throughput, lag and latency of every stage, once a second.',
  },
  'weir.invocations': {
    value: new URL('weir/invocation.avsc', import.meta.url),
    key: 'requestId',
    partitions: 6,
    retentionHours: 24,
    doors: [],
    writers: ['enricher'],
    readers: ['enricher'],
    doc: 'Asynchronous invocations of functions, until their functions have processed them.',
  },
  'weir.control.reference': {
    value: new URL('weir/reference.avsc', import.meta.url),
    key: null,
    partitions: 1,
    retentionHours: 'compact',
    doors: [],
    writers: ['enricher'],
    readers: ['enricher', 'alerter', 'indexer'],
    doc: 'Reference tables, for example the zones of a city.',
  },
  'weir.control.streams': {
    value: CONTROL_ENTRY,
    key: null,
    partitions: 1,
    retentionHours: 'compact',
    doors: [],
    writers: ['ingest-hub', 'enricher'],
    readers: ['ingest-hub', 'enricher'],
    doc: 'Kinesis streams with their shards and consumers, and the replicas that serve them.',
  },
  'weir.control.functions': {
    value: CONTROL_ENTRY,
    key: null,
    partitions: 1,
    retentionHours: 'compact',
    doors: [],
    writers: ['enricher'],
    readers: ['enricher'],
    doc: 'Deployed functions, and event source mappings created through the API.',
  },
  'weir.functions.windows': {
    value: new URL('weir/window-state.avsc', import.meta.url),
    key: null,
    partitions: 6,
    retentionHours: 'compact',
    doors: [],
    writers: ['enricher'],
    readers: ['enricher'],
    doc: 'The open tumbling windows of event source mappings, changed in the transactions of the mappings.',
  },
  'weir.functions.code': {
    value: new URL('weir/function-code.avsc', import.meta.url),
    key: null,
    partitions: 1,
    retentionHours: 'compact',
    doors: [],
    writers: ['enricher'],
    readers: ['enricher'],
    doc: 'The archives of deployed functions, in parts.',
  },
  'weir.control.notifications': {
    value: CONTROL_ENTRY,
    key: null,
    partitions: 1,
    retentionHours: 'compact',
    doors: [],
    writers: ['alerter'],
    readers: ['alerter'],
    doc: 'Topics of notifications, and subscriptions to them.',
  },
  'weir.notifications': {
    value: new URL('weir/notification.avsc', import.meta.url),
    key: null,
    partitions: NOTIFICATION_PARTITIONS,
    retentionHours: WEEK_HOURS,
    doors: [],
    writers: ['alerter'],
    readers: ['alerter'],
    doc: 'Published messages of all topics of notifications, until they are delivered to each subscription.',
  },
  'weir.notifications.due': {
    value: new URL('weir/due-delivery.avsc', import.meta.url),
    key: 'subscription',
    partitions: NOTIFICATION_PARTITIONS,
    retentionHours: WEEK_HOURS,
    doors: [],
    writers: ['alerter'],
    readers: ['alerter'],
    doc: 'Deliveries of messages that are due again, in the partitions of their messages.',
  },
  'weir.notifications.attempts': {
    value: new URL('weir/delivery-attempt.avsc', import.meta.url),
    key: 'subscription',
    partitions: NOTIFICATION_PARTITIONS,
    retentionHours: WEEK_HOURS,
    doors: [],
    writers: ['alerter'],
    readers: ['alerter', 'enricher'],
    doc: 'Every attempt to deliver a message, with its outcome, in the partition of the message.',
  },
  'weir.notifications.waiting': {
    value: new URL('weir/due-delivery.avsc', import.meta.url),
    key: 'subscription',
    partitions: WAITING_PARTITIONS,
    retentionHours: WEEK_HOURS,
    doors: [],
    writers: ['alerter'],
    readers: ['alerter'],
    doc: 'Deliveries that wait for their time: partition k keeps each for 125 ms times 2 to the power of k.',
  },
  'weir.notifications.held': ofAlerter(
    'held-notification',
    'subscription',
    WEEK_HOURS,
    'Notifications that subscriptions did not get during their quiet hours.',
  ),
  'weir.notifications.summaries': ofAlerter(
    'quiet-summary',
    'subscription',
    'compact',
    'What each subscription gets when its quiet hours end.',
  ),
  'weir.incidents': {
    ...ofAlerter(
      'incident',
      null,
      'compact',
      'Incidents as they are now, changed in the transactions of their alerts and requests.',
    ),
    readers: ['alerter', 'enricher'],
  },
  'weir.incidents.alerts': ofAlerter(
    'notification',
    null,
    WEEK_HOURS,
    'Published messages that belong to an incident, by TOPIC/KEY. What is delivered of them goes to weir.notifications.',
  ),
  'weir.incidents.requests': ofAlerter(
    'incident-request',
    null,
    WEEK_HOURS,
    'What people want done with incidents, by TOPIC/KEY.',
  ),
  'weir.devices.messages': {
    value: new URL('weir/device-message.avsc', import.meta.url),
    key: null,
    partitions: 6,
    retentionHours: 1,
    doors: [],
    writers: ['ingest-hub'],
    readers: ['ingest-hub'],
    doc: 'Messages for which there are subscriptions of devices; the queue of every session.',
  },
  'weir.devices.sessions': {
    value: new URL('weir/device-session.avsc', import.meta.url),
    key: 'clientId',
    partitions: 1,
    retentionHours: 'compact',
    doors: [],
    writers: ['ingest-hub'],
    readers: ['ingest-hub'],
    doc: 'The sessions of MQTT clients with their subscriptions.',
  },
  'weir.devices.retained': {
    value: new URL('weir/device-message.avsc', import.meta.url),
    key: 'topic',
    partitions: 1,
    retentionHours: 'compact',
    doors: [],
    writers: ['ingest-hub'],
    readers: ['ingest-hub'],
    doc: 'The retained message of each MQTT topic.',
  },
  'weir.devices.bridge': {
    value: new URL('weir/device-message.avsc', import.meta.url),
    key: null,
    partitions: BRIDGE_SESSIONS,
    retentionHours: 1,
    doors: [],
    writers: [],
    readers: ['ingest-hub'],
    doc: 'Has no records: the replicas divide their sessions at MQTT brokers like its partitions.',
  },
  'weir.control.rules': {
    value: CONTROL_ENTRY,
    key: null,
    partitions: 1,
    retentionHours: 'compact',
    doors: [],
    writers: ['ingest-hub'],
    readers: ['ingest-hub'],
    doc: 'Rules for messages of devices, and the HTTP destinations of their actions.',
  },
  'weir.control.tables': {
    value: CONTROL_ENTRY,
    key: null,
    partitions: 1,
    retentionHours: 'compact',
    doors: [],
    writers: ['pricing'],
    readers: ['pricing', 'enricher'],
    doc: 'Tables, with their keys and change streams.',
  },
  'weir.control.endpoints': {
    value: CONTROL_ENTRY,
    key: null,
    partitions: 1,
    retentionHours: 'compact',
    doors: [],
    writers: ['pricing'],
    readers: ['pricing'],
    doc: 'Endpoints of models, with their feature contracts, versions and variants.',
  },
  'weir.control.catalogue': {
    value: CONTROL_ENTRY,
    key: null,
    partitions: 1,
    retentionHours: 'compact',
    doors: [],
    writers: ['pricing'],
    readers: ['pricing'],
    doc: 'Databases, tables and partitions of the catalogue that clients of Glue have created.',
  },
  'weir.tables.requests': {
    value: new URL('weir/table-request.avsc', import.meta.url),
    key: null,
    partitions: TABLE_PARTITIONS,
    retentionHours: 24,
    doors: [],
    writers: ['pricing'],
    readers: ['pricing'],
    doc: 'What clients want done with items of tables, in the partitions of the items.',
  },
  'weir.tables.items': {
    value: new URL('weir/table-entry.avsc', import.meta.url),
    key: null,
    partitions: TABLE_PARTITIONS,
    retentionHours: 'compact',
    doors: [],
    writers: ['pricing'],
    readers: ['pricing'],
    doc: 'The items of all tables, and the newest answers to requests, changed in the transactions of the requests.',
  },
  'weir.tables.changes': {
    value: new URL('weir/table-change.avsc', import.meta.url),
    key: null,
    partitions: TABLE_PARTITIONS,
    retentionHours: 24,
    doors: [],
    writers: ['pricing'],
    readers: ['pricing', 'enricher'],
    doc: 'The change streams of all tables: each change of an item once, in the order of the item.',
  },
  'weir.rules.actions': {
    value: new URL('weir/rule-actions.avsc', import.meta.url),
    key: null,
    partitions: 12,
    retentionHours: 24,
    doors: [],
    writers: ['ingest-hub'],
    readers: ['ingest-hub'],
    doc: "Actions of rules that leave Weir's own Kafka, until they are done.",
  },
  'weir.rules.retries': {
    value: new URL('weir/rule-actions.avsc', import.meta.url),
    key: null,
    partitions: RETRY_PARTITIONS,
    retentionHours: 24,
    doors: [],
    writers: ['ingest-hub'],
    readers: ['ingest-hub'],
    doc: 'Actions of rules that are attempted again: partition k keeps each for a second times 2 to the power of k.',
  },
}

/**
 * Joins the tables of the solutions and the platform's. The platform's topics come last: once its last contract
 * is registered, all are.
 * @param origins the topics that dead letters come from; the console becomes a writer of these, since it sends
 * dead letters back
 * @throws if two tables have the same topic
 */
export function gatherTopics(ofSolutions: readonly TopicTable[], origins: ReadonlySet<string>): Topics {
  const gathered: Record<string, Topic> = {}
  for (const [name, topic] of [...ofSolutions, platformTopics].flatMap((table) => Object.entries(table))) {
    if (Object.hasOwn(gathered, name))
      throw new Error(`Two tables declare the topic ${name}; give one of them another name.`)
    gathered[name] = topic
  }
  return Object.fromEntries(
    Object.entries(gathered).map(([name, topic]) => [
      name,
      origins.has(name) ? { ...topic, writers: [...topic.writers, ...TOPIC_WATCHERS] } : topic,
    ]),
  ) as Topics
}

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
    doc: 'Kinesis streams, one topic each, with records as their clients sent them.',
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
    doc: 'Flows, asynchronous invocations, and copies of topics in Redis.',
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
  'indexer.': { service: 'indexer', transactional: false, watchers: ['console'], doc: 'Sinks.' },
}
