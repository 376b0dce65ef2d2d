/**
 * The broker port: what the services see of Kafka. Drivers (platformatic, kafkajs) stand behind it and pass
 * one conformance suite.
 *
 * The unit is a batch whose keys, values and headers are bytes at offsets of one buffer, never an object per
 * record. Offsets and timestamps are numbers: exact to 2^53, which at a million records a second a partition
 * lasts 285 years.
 */
import type { KafkaError } from './errors.ts'

/**
 * Records of one partition in offset order, as columns over `bytes`. Valid until the handler that received it
 * settles: copy what must live longer.
 */
export interface RecordBatch {
  readonly topic: string
  readonly partition: number
  /**
   * Number of records. May be 0 where control records, aborted data or unreadable batches moved the position.
   */
  readonly length: number
  readonly bytes: Buffer
  readonly offsets: Float64Array
  /**
   * Milliseconds since the epoch: the broker's time of arrival on LogAppendTime topics, else the producer's.
   */
  readonly timestamps: Float64Array
  /** `keyStart[i]` is -1 for a null key. Ends are exclusive. */
  readonly keyStart: Int32Array
  readonly keyEnd: Int32Array
  /** `valueStart[i]` is -1 for a null value (a tombstone). */
  readonly valueStart: Int32Array
  readonly valueEnd: Int32Array
  /**
   * The record's header block as in record format v2: a varint count, then length-prefixed names and values
   * (records/headers.ts reads and writes it).
   */
  readonly headersStart: Int32Array
  readonly headersEnd: Int32Array
  /**
   * The position after this batch. It passes control records and aborted batches, so an idle transactional
   * topic shows lag 0.
   */
  readonly nextOffset: number
  /**
   * The partition's last stable offset when this was fetched; `endOffset - nextOffset` is the consumer lag
   * after this batch.
   */
  readonly endOffset: number
  /**
   * Set where the batch stands for records that cannot be read. Its length is 0, and its nextOffset passes
   * them.
   */
  readonly unreadable?: Unreadable
}

/**
 * Records that are passed over because the bytes of their record batch break the format. The port has tried
 * to read them several times before, and has logged them.
 */
export interface Unreadable {
  readonly firstOffset: number
  /** A sentence without anything that the records hold. */
  readonly reason: string
}

/** Takes records for output. The bytes are copied before it returns, so callers may reuse their buffers. */
export interface Appender {
  /**
   * @param key    null with keyStart = keyEnd = 0 for a record without key
   * @param value  null for a tombstone
   * @param headers a header block (records/headers.ts); `NO_HEADERS` for none
   * @throws a KafkaError `buffer-full` or `stopped` where the record is not taken; what was appended before
   * is not touched
   */
  append(
    topic: string,
    partition: number,
    key: Buffer | null,
    keyStart: number,
    keyEnd: number,
    value: Buffer | null,
    valueStart: number,
    valueEnd: number,
    headers: Buffer,
    headersStart: number,
    headersEnd: number,
  ): void
}

/** Idempotent, acks=all, one request in flight per partition, order kept per partition. */
export interface Producer {
  /** Starts collecting records whose fate is reported together (one HTTP request, say). */
  delivery(): Delivery
  /** Bytes accepted and not yet settled: what backpressure is decided on. */
  readonly bufferedBytes: number
  /** Waits for what is buffered, at most `drainMs`; what remains then is reported as failed. */
  stop(drainMs?: number): Promise<void>
}

export interface Delivery extends Appender {
  /**
   * Resolves when every record appended is stored on all in-sync replicas or has failed; never rejects. Empty
   * means all stored. A failure covers every record that this delivery appended to that partition from
   * `fromIndex` on (its nth append to that partition, from 0): what follows a failed record in a partition
   * fails with it, so that order per key holds when the client repeats. A failed record may have been stored
   * all the same (a lost reply); its id lets readers see that.
   */
  settled(): Promise<DeliveryFailure[]>
  /**
   * Where the records are that were stored; complete after settled(). In the order of each partition's
   * appends.
   */
  stored(): readonly StoredRange[]
}

/** Successive appends of one delivery to one partition that stand at successive offsets. */
export interface StoredRange {
  readonly topic: string
  readonly partition: number
  /** The first one's number among the delivery's appends to that partition, from 0. */
  readonly fromIndex: number
  readonly count: number
  /**
   * Of the first one; -1 where the broker only says that it has stored them before (a repeated request whose
   * first answer was lost long ago).
   */
  readonly offset: number
  /** Ms since the epoch: the time of arrival on LogAppendTime topics, else that of sending. */
  readonly time: number
}

export interface DeliveryFailure {
  readonly topic: string
  readonly partition: number
  readonly fromIndex: number
  readonly error: KafkaError
}

export interface SubscribeOptions {
  readonly groupId: string
  readonly topics: readonly string[]
  /**
   * Where a partition without a committed offset begins. A topic that was deleted and made anew since the
   * group read it is read from its beginning.
   */
  readonly startAt: 'earliest' | 'latest'
  /** The most records handed over at once (10,000). */
  readonly maxBatchRecords?: number
  /**
   * Where it is given, a batch is handed over when it has maxBatchRecords, or about so many bytes, or so long
   * after its first record arrived here.
   */
  readonly gather?: { readonly ms: number; readonly bytes: number }
}

/**
 * Handles one partition's next batch. Partitions run side by side; within one, the next call comes after this
 * one settled. Not settling is backpressure: nothing more of the partition is fetched but one batch ahead. A
 * rejection makes the port read the committed offset again and hand the same records over after a growing
 * pause (0.1 to 10 s); it never skips. `signal` aborts when the partition is lost or the drain time of a stop
 * is over: the batch will be handed over again, here or elsewhere.
 */
export type BatchHandler = (batch: RecordBatch, signal: AbortSignal) => Promise<void> | void

/**
 * A handler may end before its batch is done with: then the next one is handed over, and the batch's offset
 * is committed when `done` and those of all batches before it have resolved. One that rejects holds back all
 * that follow, until another member or process begins there. A stop or a rebalance waits for what is open as
 * it does for a handler.
 */
export interface Ongoing {
  readonly done: Promise<void>
}

export type ConsumeHandler = (batch: RecordBatch, signal: AbortSignal) => Promise<void | Ongoing> | void

/** Exactly once: what is appended to `out` and the input's offset become visible together, or not at all. */
export type TransformHandler = (
  batch: RecordBatch,
  out: Appender,
  signal: AbortSignal,
) => Promise<void> | void

export interface Assignment extends TopicPartition {
  /**
   * The next offset that will be handed over; everything below it is committed, being committed, or still
   * open (Ongoing).
   */
  readonly position: number
  /** Where the partition's log begins, when last heard of; 0 before the first fetch. */
  readonly startOffset: number
  /** The partition's last stable offset when last heard of; -1 before the first fetch. */
  readonly endOffset: number
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/**
 * A partition that has not got on for 30 s: its handler rejects, nothing can be fetched, or no member of the
 * group has it.
 */
export interface StalledPartition extends TopicPartition {
  /** The next offset that will be handed over; -1 where not even that is known. */
  readonly offset: number
  /** When it began, in ms since the epoch. */
  readonly sinceMs: number
  /** Names and codes only: nothing of records, addresses or secrets. The log says more. */
  readonly reason: string
}

/** A running member of a consumer group. */
export interface Subscription {
  readonly groupId: string
  readonly topics: readonly string[]
  /** True once the member is in its group and every partition given to it is being read. */
  ready(): boolean
  assignments(): readonly Assignment[]
  /**
   * The partitions of it that stand still. One whose topic was deleted is not among them: there is nothing to
   * read.
   */
  stalled(): readonly StalledPartition[]
  /** Failures and restarts that healed so far, for metrics. */
  readonly restarts: number
  /** Lets running handlers finish (at most `drainMs`, default 10,000), commits, leaves the group. */
  stop(drainMs?: number): Promise<void>
}

export interface ReadOptions {
  readonly topics: readonly string[]
  /** The partitions to read of each topic; all where it is not given. */
  readonly partitions?: readonly number[]
  /**
   * `timestamp`: the first records at or after that time, in ms since the epoch. Before 1970 is the
   * beginning.
   */
  readonly from:
    | 'earliest'
    | 'latest'
    | { readonly timestamp: number }
    | { readonly offsets: ReadonlyMap<string, readonly number[]> }
  /** `end`: finish at the end offsets seen at the start. */
  readonly until: 'end' | 'stopped'
}

/**
 * Reading without a group: tails, control topics, counts. All records of one topic's partition come in order;
 * batches of different partitions interleave.
 */
export interface Reading {
  /** Resolves when `until` is reached or after stop(); rejects with a KafkaError that a retry cannot help. */
  readonly done: Promise<void>
  stop(): Promise<void>
}

export interface TopicSpec {
  readonly name: string
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicas: number
  readonly configs: Readonly<Record<string, string>>
}

export interface TopicDescription {
  readonly name: string
  readonly partitions: number
  readonly replicas: number
}

export interface PartitionOffsets {
  readonly partition: number
  readonly earliest: number
  /** One past the last record, transactional markers included. */
  readonly latest: number
}

export interface GroupDescription {
  readonly groupId: string
  readonly state: string
}

export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  /** -1: nothing committed yet, or only in a topic of that name that was deleted since. */
  readonly committed: number
  readonly latest: number
  /**
   * Records between them, markers included; from the log's start where nothing is committed, or what is
   * committed lies below it.
   */
  readonly lag: number
}

/** A right that an ACL gives a principal from every host. */
export interface Acl {
  /** User:NAME */
  readonly principal: string
  readonly resource: 'topic' | 'group' | 'transactional-id'
  readonly name: string
  readonly pattern: 'literal' | 'prefixed'
  /** As Kafka names it: Read, Write, DescribeConfigs … */
  readonly operation: string
}

/** Administration. Served by kafkajs whichever driver carries the data. */
export interface Admin {
  topics(): Promise<TopicDescription[]>
  /**
   * Creates what is missing. Returns the names created. Rejects with `partition-mismatch` where a topic
   * exists with another partition count.
   */
  createTopics(specs: readonly TopicSpec[]): Promise<string[]>
  deleteTopics(names: readonly string[]): Promise<void>
  /**
   * Grows the topic to so many partitions; nothing happens where it has them already. Only for topics whose
   * keys do not go by Kafka's partitioner.
   */
  growTopic(name: string, partitions: number): Promise<void>
  topicConfigs(name: string): Promise<Record<string, string>>
  alterTopicConfigs(name: string, configs: Readonly<Record<string, string>>): Promise<void>
  offsets(topic: string): Promise<PartitionOffsets[]>
  groups(): Promise<GroupDescription[]>
  deleteGroups(groupIds: readonly string[]): Promise<void>
  /**
   * Lists the partitions that the group's coordinator has given to members. The list is empty if the group
   * does not exist.
   */
  assigned(groupId: string): Promise<TopicPartition[]>
  lag(groupId: string): Promise<PartitionLag[]>
  /** The rights that ACLs on topics, groups and transactional ids give the principal from every host. */
  acls(principal: string): Promise<Acl[]>
  /** Those that exist already stay as they are. */
  addAcls(acls: readonly Acl[]): Promise<void>
  /** The group must have no members. The offsets are those of the topic that has the name now. */
  setOffsets(
    groupId: string,
    topic: string,
    offsets: readonly { partition: number; offset: number }[],
  ): Promise<void>
}

export interface Kafka {
  readonly driver: 'platformatic' | 'kafkajs'
  /** The topic's partition count, from cached metadata. Rejects with `unknown-topic`. */
  partitions(topic: string): Promise<number>
  /**
   * The topic's id, when all brokers that answer name the same one: another one if the topic was deleted and
   * made anew. Rejects with `unknown-topic`, or with `no-broker` where they do not agree.
   */
  topicId(topic: string): Promise<string>
  producer(): Promise<Producer>
  /** At least once: offsets are committed after the handler settles, or when what it left open is done. */
  consume(options: SubscribeOptions, handler: ConsumeHandler): Promise<Subscription>
  /**
   * Exactly once as a read_committed reader sees it: transactional ids per group and input partition, offsets
   * inside the transaction.
   */
  transform(options: SubscribeOptions, handler: TransformHandler): Promise<Subscription>
  /** read_committed, no group. */
  read(options: ReadOptions, handler: BatchHandler): Promise<Reading>
  /**
   * What is there now from that offset on, read_committed, of about `maxBytes` (one record batch at least);
   * empty where nothing is. The batch is the caller's to keep. Go on at its nextOffset, which passes what
   * cannot be read. Rejects with `out-of-range` where the offset is not in the log (any more).
   */
  fetch(topic: string, partition: number, offset: number, maxBytes: number): Promise<RecordBatch>
  /**
   * The first offset at or after that time (ms since the epoch), or the end, as a read_committed reader sees
   * it, if no record is that young. A time before 1970 is the beginning of the log.
   */
  offsetAt(topic: string, partition: number, time: number | 'earliest' | 'latest'): Promise<number>
  /**
   * Runs `work` as the only holder of the transactional id: who held it before is fenced, and what it left
   * open has ended before `work` begins. What is appended becomes visible together after `work` has resolved,
   * or not at all. Rejects with `fenced` where another one took the id over meanwhile, and with `timeout` or
   * `no-broker` where the outcome is unknown: the next call settles it.
   */
  transact(transactionalId: string, work: (out: Appender) => Promise<void> | void): Promise<void>
  readonly admin: Admin
  /** True while a broker answers. */
  connected(): boolean
  stop(): Promise<void>
}
