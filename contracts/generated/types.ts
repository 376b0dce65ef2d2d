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
  /** The name of the topic of notifications. */
  topic: string
  /** The id that the topic got when it was created: a topic that was deleted and created again has another. */
  topicId: string
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
  /** Messages of a FIFO topic with the same id within five minutes are one message. */
  deduplicationId: string | null
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
  'weir.control.rules': ControlEntry
  'weir.rules.actions': RuleActions
  'weir.rules.retries': RuleActions
}
