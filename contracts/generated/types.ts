/* Generated from topics.ts and the .avsc files by `npm run generate`. Change those, then generate again. */

/** A record that a flow could not handle, or a record batch that cannot be read, with the cause and its origin. The original headers, weir-id among them, travel as headers. */
export interface DeadLetter {
  /** The flow or sink that gave up the record, as service.name. */
  flow: string
  /** The step that gave it up. */
  step: string
  /** A short name of the cause: undecodable, unknown-schema, invalid, failed, rejected, unreadable. */
  code: string
  /** The cause in one sentence. */
  message: string
  /** The topic it came from. */
  topic: string
  /** The partition it came from. */
  partition: number
  /** Its offset there; that of the first record where the letter stands for several. */
  offset: number
  /** Its Kafka timestamp, milliseconds since the epoch; that of failing where it cannot be read. */
  timestamp: number
  /** When it was given up, milliseconds since the epoch. */
  failedAt: number
  /** The original key. */
  key: Buffer | null
  /** The original value, byte for byte. */
  value: Buffer | null
  /** The original was larger than a letter can be: only the beginnings of its key and value are here, and of its headers only weir-id and weir-source. The whole lies at its origin for as long as that topic keeps it. */
  truncated: boolean
  /** Set where the letter stands for the records of a batch whose bytes break the record format: the offset of the last one. Nothing of them could be read, so truncated is true and there is nothing to send back. */
  lastOffset: number | null
}

export type FindingStatus = 'open' | 'resolved'

/** A deviation of a sensor's readings from what is normal: once when it has lasted long enough, and again when it has ended. */
export interface Finding {
  /** The device, which is the key of the topic. */
  device: string
  /** The same for both records of a deviation, and unique within the device. */
  id: string
  /** open: the deviation lasts. resolved: it has ended. */
  status: FindingStatus
  /** The name of the sensor. */
  sensor: string
  /** The unit of the sensor's values. */
  unit: string | null
  /** The name of the detector that found it. */
  detector: string
  /** When the deviation began, milliseconds since the epoch, UTC. */
  since: number
  /** When it ended, milliseconds since the epoch, UTC; null while it lasts. */
  until: number | null
  /** The least value that was expected; null: no limit. */
  low: number | null
  /** The greatest value that was expected; null: no limit. */
  high: number | null
  /** The value that deviated most; null if readings are missing. */
  seen: number | null
  /** How unusual it is, from 0.5 to 1. */
  score: number
  /** One sentence for people. */
  why: string
}

export interface DetectorState {
  /** The name of the sensor. */
  sensor: string
  /** The name of the detector. */
  detector: string
  /** The detector's own state, with a version and a checksum. */
  state: Buffer
}

/** The state of all detectors of a device, changed in the transaction that moves the offset of its readings. The topic is compacted; the key is the device. */
export interface DetectorStates {
  /** One for each detector of each sensor. */
  series: Array<DetectorState>
  /** The class of the device, by which its normal ranges are chosen. */
  classOf: string
  /** When its last reading was processed, milliseconds since the epoch, UTC. */
  heardAt: number
  /** When the device is looked at if no reading comes before, since a detector has something to say then or the device is forgotten; milliseconds since the epoch, UTC. */
  dueAt: number
}

/** Somebody wants the state of a key erased. The record's key is that key; the partition's owner removes the state in the transaction that moves the offset of this record. */
export interface StateErasure {
  /** The name of an API key, or how the request came. */
  by: string
  /** When it was requested, milliseconds since the epoch, UTC. */
  at: number
}

/** What one stage of one service instance did in the last second. Pages show it; metrics systems read /metrics instead. */
export interface StageStats {
  /** service.name, for instance enricher.taxi. The key. */
  stage: string
  /** The process, unique in the cluster. */
  instance: string
  /** The end of the interval, milliseconds since the epoch. */
  time: number
  /** The length of the interval, milliseconds. */
  intervalMs: number
  /** Records finished in the interval. */
  records: number
  /** Records refused or dead-lettered in the interval. */
  failed: number
  /** Records waiting before the stage in this instance's partitions, 0 for a stage that reads no topic. */
  lag: number
  /** Median latency of the stage's records in the interval, milliseconds. */
  p50: number
  /** 99th percentile of the same, milliseconds. */
  p99: number
}

/** An invocation of a function that nobody waits for. */
export interface Invocation {
  /** What Invoke answered with, the same in every attempt. The key of the topic. */
  requestId: string
  /** The function, without its ARN; NAME:QUALIFIER where a version or an alias was invoked. */
  functionName: string
  /** The client's context as JSON. */
  clientContext: string | null
  /** The event as JSON, byte for byte as it came. */
  payload: Buffer
  /** When it was accepted, milliseconds since the epoch, UTC. */
  acceptedAt: number
  /** How many functions have passed it on, each as the destination of the one before. */
  hops: number
}

/** One entry of a reference table (zones, for instance). The topic is compacted: the newest entry of a key holds, a tombstone removes it. */
export interface ReferenceEntry {
  /** The table. */
  table: string
  /** The entry's id in its table. The key of the topic is table/id. */
  id: string
  /** The entry as JSON, in the shape that the table's solution defines. */
  json: string
}

/** One piece of state that all replicas agree on. The topics are compacted: the newest entry of a key holds, a tombstone removes it. */
export interface ControlEntry {
  /** What it is the state of, for instance stream or replica. */
  kind: string
  /** Which one. The key of the topic is kind/id. */
  id: string
  /** The state as JSON, in the shape that the kind's package defines. */
  json: string
}

/** The open tumbling window of an event source mapping in one partition. The topic is compacted; the key is mapping/partition, and a tombstone means that no window is open. */
export interface WindowState {
  /** The id of the mapping. */
  mapping: string
  /** The partition of the mapping's source. */
  partition: number
  /** When the window begins, milliseconds since the epoch. */
  start: number
  /** The offset after the last record that is in the state. */
  offset: number
  /** The state that the function returned last, as JSON. */
  state: string
}

/** A part of the archive with a function's code. The topic is compacted; the key is archive/part, the part with five digits. */
export interface FunctionCode {
  /** The archive: its SHA-256 in hex, a hyphen, and what sets uploads of the same bytes apart. */
  archive: string
  /** The part's number, from 0. */
  part: number
  /** The part. All parts but the last have the same length. */
  bytes: Buffer
}

export interface NotificationAttribute {
  /** Its name. */
  name: string
  /** String, String.Array, Number or Binary, perhaps with a suffix. */
  type: string
  /** The value, unless it is binary. */
  text: string | null
  /** The value, if it is binary. */
  bytes: Buffer | null
}

/** A message that was published to a topic of notifications. It is stored once, whatever the number of subscriptions. */
export interface Notification {
  /** The id that the publisher got; weir-id has it too. */
  messageId: string
  /** The name of the topic of notifications; empty for a message to a target. */
  topic: string
  /** The id that the topic got when it was created: a topic that was deleted and created again has another. */
  topicId: string
  /** The phone number, or the ARN of the endpoint of mobile push, that gets the message instead of the subscriptions of a topic. */
  target: string | null
  /** When it was accepted, milliseconds since the epoch, UTC. */
  publishedAt: number
  /** The subject, for e-mail. */
  subject: string | null
  /** The message, as it was published. */
  message: string
  /** Whether the message is a JSON object with a text for each protocol (MessageStructure json). */
  perProtocol: boolean
  /** The attributes of the message, by which filter policies choose. */
  attributes: Array<NotificationAttribute>
  /** The group whose messages keep their order, in a FIFO topic. Then it is a part of the key. */
  groupId: string | null
  /** The trace of AWS X-Ray that the publisher sent, for queues. */
  traceHeader: string | null
  /** Messages of a FIFO topic with the same id within five minutes are one message. */
  deduplicationId: string | null
  /** The only subscription that gets the message, whatever its filter policy; null: all subscriptions of the topic. */
  subscription: string | null
}

/** A delivery of a message to one subscription that must be attempted at a time. */
export interface DueDelivery {
  /** The id of the subscription. The key. */
  subscription: string
  /** The name of the topic of notifications. */
  topic: string
  /** The id of the message. */
  messageId: string
  /** The partition of the message in weir.notifications; -1 for a request to confirm the subscription, which has no message. */
  partition: number
  /** The offset of the message there; -1 for a request to confirm the subscription. */
  offset: number
  /** The number of attempts that were made. */
  attempts: number
  /** When the next attempt is due, milliseconds since the epoch, UTC. */
  dueAt: number
  /** Whether the receiver was given up, and only the dead-letter queue of the subscription must still get the message. */
  deadLetter: boolean
}

export type DeliveryOutcome = 'delivered' | 'failed' | 'postponed' | 'dead'

/** An attempt to deliver a message to one subscription, with its outcome. */
export interface DeliveryAttempt {
  /** The id of the subscription. The key. */
  subscription: string
  /** The name of the topic of notifications. */
  topic: string
  /** The protocol of the subscription: http, https, email, sqs and so on; null in older records. */
  protocol: string | null
  /** The id of the message. */
  messageId: string
  /** The partition of the message in weir.notifications; -1 for a request to confirm the subscription, which has no message. */
  partition: number
  /** The offset of the message there; -1 for a request to confirm the subscription. */
  offset: number
  /** Whether the record that caused it is a due delivery, and not the message itself. */
  retry: boolean
  /** The offset of that record, in this partition of weir.notifications.due or weir.notifications. */
  cause: number
  /** The number of attempts that were made, this one included. One that did not begin, because too many were under way, is not counted. */
  attempts: number
  /** When it began, milliseconds since the epoch, UTC. */
  startedAt: number
  /** How long it took, in milliseconds. */
  durationMs: number
  /** Failed and postponed deliveries are due again; dead ones are not. */
  outcome: DeliveryOutcome
  /** The receiver's status or the cause, in a word: 200, 503, timeout, refused-address, throttled. */
  status: string
  /** The beginning of the receiver's answer, or the cause in a sentence. */
  answer: string | null
  /** When the next attempt is due, milliseconds since the epoch; null if there is none. */
  dueAt: number | null
  /** Whether the receiver was given up, and only the dead-letter queue of the subscription must still get the message. */
  deadLetter: boolean
}

/** A notification that a subscription did not get during its quiet hours. */
export interface HeldNotification {
  /** The id of the subscription. The key. */
  subscription: string
  /** The id of the message. */
  messageId: string
  /** The subject of the message, or its beginning. */
  title: string
  /** When it was held, milliseconds since the epoch, UTC. */
  heldAt: number
  /** When the quiet hours end, milliseconds since the epoch, UTC. */
  until: number
}

export interface HeldTitle {
  /** When it was held, milliseconds since the epoch, UTC. */
  at: number
  /** Its subject, or its beginning. */
  title: string
}

/** The summary that a subscription gets when its quiet hours end. The topic is compacted; the key is the id of the subscription, and a tombstone means that nothing is held. */
export interface QuietSummary {
  /** The id of the subscription. The key. */
  subscription: string
  /** When the quiet hours end, milliseconds since the epoch, UTC. */
  dueAt: number
  /** The number of notifications that were held. */
  notifications: number
  /** The first of them, oldest first. */
  first: Array<HeldTitle>
}

export type IncidentStatus = 'open' | 'acknowledged' | 'resolved'

export type IncidentSeverity = 'info' | 'warning' | 'error' | 'critical'

export interface IncidentAttribute {
  /** Its name. */
  name: string
  /** String, String.Array, Number or Binary, perhaps with a suffix. */
  type: string
  /** The value, unless it is binary. */
  text: string | null
  /** The value, if it is binary. */
  bytes: Buffer | null
}

export interface IncidentChange {
  /** When, milliseconds since the epoch, UTC. */
  at: number
  /** opened, repeated, updated, acknowledged, escalated or resolved. */
  what: string
  /** The title of the alert, who did it, or the topic that it was escalated to. */
  text: string
}

/** An incident: all alerts of a topic of notifications with the same key, from the first one until it is resolved. The topic is compacted; the key is topic/key, and a tombstone means that the incident is forgotten. */
export interface Incident {
  /** A UUID. The next incident with the same key has another. */
  id: string
  /** The name of the topic of notifications. */
  topic: string
  /** The id that the topic got when it was created. */
  topicId: string
  /** The key that its alerts share. */
  key: string
  /** An acknowledged incident is not escalated any more. */
  status: IncidentStatus
  /** That of the last alert. */
  severity: IncidentSeverity
  /** The subject of the last alert, or the beginning of its message. */
  title: string
  /** The message of the last alert. */
  message: string
  /** The attributes of the last alert, by which filter policies choose. */
  attributes: Array<IncidentAttribute>
  /** The id of the message of its first alert, which deliveries name too; null in older records. */
  messageId: string | null
  /** Shown by links that acknowledge it. */
  token: string
  /** When its first alert was published, milliseconds since the epoch, UTC. */
  openedAt: number
  /** When it last changed, milliseconds since the epoch, UTC. */
  changedAt: number
  /** The number of its alerts. */
  alerts: number
  /** Who acknowledged it: the name of an API key, or how. */
  acknowledgedBy: string | null
  /** Who resolved it: the name of an API key, or how. */
  resolvedBy: string | null
  /** When it is escalated unless somebody acknowledges it, milliseconds since the epoch; null: never. */
  escalateAt: number | null
  /** The names of the topics that it was escalated to, in their order. */
  escalatedTo: Array<string>
  /** The last changes, oldest first. */
  history: Array<IncidentChange>
}

export type IncidentAction = 'acknowledge' | 'resolve'

/** What somebody wants done with an incident. The key is topic/key, as that of the incident. */
export interface IncidentRequest {
  /** The id of the incident. */
  incident: string
  /** What to do. */
  action: IncidentAction
  /** The name of an API key, or how the request came. */
  by: string
  /** When it was requested, milliseconds since the epoch, UTC. */
  at: number
}

/** A message of a device that subscriptions of devices match. */
export interface DeviceMessage {
  /** The MQTT topic. */
  topic: string
  /** The payload as it was published. */
  payload: Buffer
  /** The QoS with which it was published, 0 or 1. */
  qos: number
  /** The client id of the sender; null if it was not published over MQTT. */
  clientId: string | null
  /** When it was received, milliseconds since the epoch, UTC. */
  receivedAt: number
  /** The properties of MQTT 5 that are passed on, as a JSON object; binary ones in base64. */
  properties: string | null
  /** Whether it was published to be retained. */
  retain: boolean
}

export interface DeviceSubscription {
  /** The topic filter, with $share/GROUP/ before it if it is shared. */
  filter: string
  /** The greatest QoS, 0 or 1. */
  qos: number
  /** Whether the client's own messages are left out. */
  noLocal: boolean
  /** The subscription identifier; 0 if there is none. */
  identifier: number
  /** Whether messages keep their retain flag. */
  retainAsPublished: boolean
}

/** The session of an MQTT client: its subscriptions, and how far it has read if it is not connected. */
export interface DeviceSession {
  /** The client id. */
  clientId: string
  /** The name of the key, or the subject of the certificate, to which the client id belongs while the session lasts. */
  principal: string
  /** Grows with each connection of the client: of two connections, the one with the greater epoch has the session. */
  epoch: number
  /** The id of the connection. It decides between connections of one epoch. */
  connection: string
  /** Whether the client is connected. */
  connected: boolean
  /** How long the session outlasts its connection. */
  expirySeconds: number
  /** When this was written, milliseconds since the epoch, UTC. */
  seenAt: number
  /** The subscriptions. */
  subscriptions: Array<DeviceSubscription>
  /** For each partition of weir.devices.messages, the offset from which messages of QoS 1 have not been acknowledged. */
  positions: Array<number>
}

export interface PendingObject {
  /** The part that it belongs to: it has the records of this part in its range. Most records are of the part with the empty name. */
  part: string
  /** The offset of its first record. */
  from: number
  /** The offset after its last record. */
  to: number
  /** How many records it has. */
  records: number
  /** Its name in the bucket. */
  key: string
  /** What else its bytes and its place depend on, as JSON: bucket, compression, delimiter. */
  form: string
  /** When it was decided, milliseconds since the epoch. */
  decidedAt: number
}

export interface PartAhead {
  /** The name of the part. */
  part: string
  /** The first offset whose record may be neither delivered nor in one of the objects. */
  next: number
}

/** How far a delivery stream is in one partition of its source. The topic is compacted; the key is id/partition, and a tombstone means that the delivery stream does not exist any more. */
export interface DeliveryProgress {
  /** The name of the delivery stream. */
  stream: string
  /** The id of the delivery stream. One that is created again under the same name has another. */
  id: string
  /** The partition of its source. */
  partition: number
  /** The first offset whose record may be neither delivered nor in one of the objects. */
  next: number
  /** Why the store does not take the objects at the moment, in a sentence. */
  failure: string | null
  /** The objects that are decided and may not be delivered yet, in the order of their records. The owner of the partition delivers them, and a later owner the same ones, under the same names. */
  objects: Array<PendingObject>
  /** Parts of which all records before a later offset than next are delivered or in one of the objects. */
  ahead: Array<PartAhead>
}

export type TableOperation = 'put' | 'update' | 'delete' | 'barrier'

/** What a client wants done with one item of a table. The key begins with the table's id, then the item's key. Requests for items with the same partition key are in one partition, whose owner carries them out in their order. */
export interface TableRequest {
  /** The id of the request, by which its answer is found. */
  id: string
  /** The replica that waits for the answer; empty: nobody does. */
  replyTo: string
  /** The id of the table. */
  table: string
  /** What to do. A barrier does nothing: whoever has its answer knows all changes of the partition before it. */
  operation: TableOperation
  /** The input of DynamoDB's operation of that name as JSON, checked by the replica that took it; empty for a barrier. */
  input: string
  /** The item's revision without which nothing is done, by If-Match; empty: there must be no item. */
  expected: string | null
  /** When it was requested, milliseconds since the epoch, UTC. */
  at: number
}

export interface TableItem {
  /** The attributes, in DynamoDB's JSON. */
  json: string
  /** The number of writes since the item was created, from 1. */
  version: number
  /** When it was created, milliseconds since the epoch, UTC. */
  createdAt: number
  /** When it was last written, milliseconds since the epoch, UTC. */
  changedAt: number
  /** When it is deleted, if its table has an attribute for that; milliseconds since the epoch, UTC. */
  expiresAt: number | null
}

export interface TableAnswer {
  /** The id of the request. */
  id: string
  /** The error's code, as DynamoDB names it; null: the request succeeded. */
  code: string | null
  /** The error's text; empty without one. */
  message: string
  /** The attributes that the request returns, in DynamoDB's JSON. */
  item: string | null
  /** The revision of the item after the request; empty: there is none. */
  revision: string
}

/** An item of a table, or the newest answers to the requests of a replica. Both change in the transaction that moves the offset of the requests, so whoever has read an answer has read all changes before it. The topic is compacted. */
export interface TableEntry {
  /** null: answers. */
  item: TableItem | null
  /** Answers of the partition's owner to one replica. */
  answers: Array<TableAnswer>
  /** When it was written, milliseconds since the epoch, UTC. */
  at: number
}

export type TableView = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES'

export type TableEvent = 'INSERT' | 'MODIFY' | 'REMOVE'

/** A change of one item of a table. The changes of an item are in one partition, in their order, each once. */
export interface TableChange {
  /** The name of the table. */
  table: string
  /** The label of the table's change stream: when it was enabled, as DynamoDB writes it. */
  stream: string
  /** Which images the stream has. */
  view: TableView
  /** What happened, as DynamoDB Streams names it. */
  event: TableEvent
  /** The attributes of the item's key, in DynamoDB's JSON. */
  keys: string
  /** The item before, in DynamoDB's JSON; null: there was none, or the stream does not have it. */
  oldImage: string | null
  /** The item after, in DynamoDB's JSON; null: there is none, or the stream does not have it. */
  newImage: string | null
  /** The number of writes since the item was created, this one included. */
  version: number
  /** The size of the keys and images, as DynamoDB counts it. */
  bytes: number
  /** Whether the item was deleted because its time had come. */
  expired: boolean
  /** When it changed, milliseconds since the epoch, UTC. */
  at: number
}

export interface RuleAction {
  /** The kind of the action, as the API names it: lambda, sns. */
  kind: string
  /** Its parameters as JSON, with templates rendered. */
  parameters: string
}

export interface RuleFailure {
  /** The kind of the action in the words of the error message: S3Action. */
  action: string
  /** What it was directed to. */
  resource: string
  /** The cause in a sentence. */
  message: string
}

/** What a rule must still do with one message of a device outside Weir's own Kafka, and what has failed so far. */
export interface RuleActions {
  /** The name of the rule. */
  rule: string
  /** The MQTT topic of the message. */
  topic: string
  /** The MQTT client that published it; null if it was not published over MQTT. */
  clientId: string | null
  /** The name of the key by which the publisher was recognised. */
  principal: string
  /** Names the message in logs and in the message about its failures. */
  traceId: string
  /** When the message was received, milliseconds since the epoch, UTC. */
  receivedAt: number
  /** What SELECT made of the message: the payload for the actions. */
  payload: Buffer
  /** The payload of the message itself, if the rule has an error action. */
  original: Buffer | null
  /** The actions that are not finished. */
  actions: Array<RuleAction>
  /** The actions that were given up. */
  failures: Array<RuleFailure>
  /** How often the actions were attempted. */
  attempts: number
  /** The rules that had republished the message one after the other. */
  hops: number
  /** Whether this is the error action of the rule, whose own failure has no further consequence. */
  isErrorAction: boolean
}

/** The type of each topic's values. */
export interface ValueOf {
  'weir.stats': StageStats
  'weir.invocations': Invocation
  'weir.control.reference': ReferenceEntry
  'weir.control.streams': ControlEntry
  'weir.control.functions': ControlEntry
  'weir.functions.windows': WindowState
  'weir.functions.code': FunctionCode
  'weir.control.notifications': ControlEntry
  'weir.notifications': Notification
  'weir.notifications.due': DueDelivery
  'weir.notifications.attempts': DeliveryAttempt
  'weir.notifications.waiting': DueDelivery
  'weir.notifications.held': HeldNotification
  'weir.notifications.summaries': QuietSummary
  'weir.incidents': Incident
  'weir.incidents.alerts': Notification
  'weir.incidents.requests': IncidentRequest
  'weir.devices.messages': DeviceMessage
  'weir.devices.sessions': DeviceSession
  'weir.devices.retained': DeviceMessage
  'weir.devices.bridge': DeviceMessage
  'weir.control.rules': ControlEntry
  'weir.control.tables': ControlEntry
  'weir.control.endpoints': ControlEntry
  'weir.control.catalogue': ControlEntry
  'weir.control.deliveries': ControlEntry
  'weir.deliveries.progress': DeliveryProgress
  'weir.tables.requests': TableRequest
  'weir.tables.items': TableEntry
  'weir.tables.changes': TableChange
  'weir.rules.actions': RuleActions
  'weir.rules.retries': RuleActions
}
