/** The topics of the platform, and the join of all tables of topics. */
import { KAFKA_SERVICES, type Service } from './services.ts'
import {
  CONTROL_ENTRY,
  TOPIC_WATCHERS,
  type Topic,
  type Topics,
  type TopicTable,
  WEEK_HOURS,
} from './topics.ts'

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

/** The decisions of the writers, which read them too. */
const controlLog = (
  writers: readonly Service[],
  doc: string,
  readers: readonly Service[] = writers,
): Topic => ({
  value: CONTROL_ENTRY,
  key: null,
  partitions: 1,
  retentionHours: 'compact',
  doors: [],
  writers,
  readers,
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
  'weir.control.streams': controlLog(
    ['ingest-hub', 'enricher'],
    'Kinesis streams with their shards and consumers, and the replicas that serve them.',
  ),
  'weir.control.functions': controlLog(
    ['enricher'],
    'Deployed functions, and event source mappings created through the API.',
  ),
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
  'weir.control.notifications': controlLog(
    ['alerter'],
    'Topics of notifications, and subscriptions to them.',
  ),
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
  'weir.control.rules': controlLog(
    ['ingest-hub'],
    'Rules for messages of devices, and the HTTP destinations of their actions.',
  ),
  'weir.control.tables': controlLog(['pricing'], 'Tables, with their keys and change streams.', [
    'pricing',
    'enricher',
  ]),
  'weir.control.endpoints': controlLog(
    ['pricing'],
    'Endpoints of models, with their feature contracts, versions and variants.',
  ),
  'weir.control.catalogue': controlLog(
    ['pricing'],
    'Databases, tables, partitions and crawlers of the catalogue that clients of Glue have created.',
  ),
  'weir.control.deliveries': controlLog(
    ['ingest-hub'],
    'Delivery streams, with their sources and destinations.',
    ['ingest-hub', 'indexer', 'enricher'],
  ),
  'weir.deliveries.progress': {
    value: new URL('weir/delivery-progress.avsc', import.meta.url),
    key: null,
    partitions: 6,
    retentionHours: 'compact',
    doors: [],
    writers: ['indexer'],
    readers: ['indexer'],
    doc: 'How far each delivery stream is in each partition of its source, and the objects that are being delivered.',
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
