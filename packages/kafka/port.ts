/**
 * The broker port: the services' view of Kafka. Drivers (platformatic, kafkajs) implement it and pass one
 * conformance suite.
 *
 * The unit is a batch whose keys, values and headers are bytes at offsets of one buffer, never an object per
 * record. Offsets and timestamps are numbers: exact to 2^53, which lasts 285 years at a million records a
 * second per partition.
 */
import type { Admin } from './admin/port.ts'
import type { KafkaError } from './errors.ts'

export type * from './admin/port.ts'

/**
 * Records of one partition in offset order, as columns over `bytes`. Valid until the handler that received it
 * settles: copy what must live longer.
 */
export interface RecordBatch {
  readonly topic: string
  readonly partition: number
  /**
   * The number of records. It may be 0 if control records, aborted data or unreadable batches moved the
   * position.
   */
  readonly length: number
  readonly bytes: Buffer
  readonly offsets: Float64Array
  /**
   * Milliseconds since the epoch: the broker's arrival time on LogAppendTime topics, otherwise the
   * producer's.
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
   * The position after this batch. It skips control records and aborted batches, so an idle transactional
   * topic shows lag 0.
   */
  readonly nextOffset: number
  /**
   * The partition's last stable offset when this was fetched; `endOffset - nextOffset` is the consumer lag
   * after this batch.
   */
  readonly endOffset: number
  /**
   * Set if the batch takes the place of records that cannot be read. Its length is 0, and its nextOffset is
   * past them.
   */
  readonly unreadable?: Unreadable
}

/**
 * Records that are skipped because the bytes of their record batch break the format. The port has already
 * tried several times to read them, and has logged them.
 */
export interface Unreadable {
  readonly firstOffset: number
  /** A sentence that quotes nothing from the records. */
  readonly reason: string
}

/** Takes records for output. The bytes are copied before it returns, so callers may reuse their buffers. */
export interface Appender {
  /**
   * @param key    null with keyStart = keyEnd = 0 for a record without a key
   * @param value  null for a tombstone
   * @param headers a header block (records/headers.ts); `NO_HEADERS` for none
   * @throws a KafkaError `buffer-full` or `stopped` if the record is not taken; records appended before are
   * unaffected
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
  /** Starts collecting records whose outcome is reported together (one HTTP request, say). */
  delivery(): Delivery
  /** Bytes accepted but not yet settled; backpressure is decided on this number. */
  readonly bufferedBytes: number
  /** Waits at most `drainMs` for the buffered records; those that remain are reported as failed. */
  stop(drainMs?: number): Promise<void>
}

export interface Delivery extends Appender {
  /**
   * Resolves when every appended record has been stored on all in-sync replicas or has failed; never rejects.
   * An empty list means that all were stored. A failure covers every record that this delivery appended to
   * that partition from `fromIndex` on (its nth append to that partition, from 0): the records after a failed
   * one in the same partition fail with it, so that order per key holds when the client repeats. A failed
   * record may have been stored nevertheless (its reply was lost); readers can tell by its id.
   */
  settled(): Promise<DeliveryFailure[]>
  /** The places of the stored records, in the order of each partition's appends; complete after settled(). */
  stored(): readonly StoredRange[]
}

/** Successive appends of one delivery to one partition that have successive offsets. */
export interface StoredRange {
  readonly topic: string
  readonly partition: number
  /** The first record's number among the delivery's appends to that partition, from 0. */
  readonly fromIndex: number
  readonly count: number
  /**
   * The first record's offset; -1 if the broker only says that it has stored them before (a repeated request
   * whose first answer was lost long ago).
   */
  readonly offset: number
  /** Ms since the epoch: the arrival time on LogAppendTime topics, otherwise the time of sending. */
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
   * Where reading begins in a partition without a committed offset. A topic that was deleted and recreated
   * since the group read it is read from its beginning.
   */
  readonly startAt: 'earliest' | 'latest'
  /** The most records handed over at once (default 10,000). */
  readonly maxBatchRecords?: number
  /**
   * If given, a batch is handed over when it has `maxBatchRecords` records or about `bytes` bytes, or `ms`
   * after its first record arrived here.
   */
  readonly gather?: { readonly ms: number; readonly bytes: number }
  /**
   * If given, returns how many of a batch's records are handed over first, at least one. The rest is a batch of
   * its own, handed over when the first part is done.
   */
  readonly cut?: (batch: RecordBatch, signal: AbortSignal) => Promise<number>
  /**
   * If given, returns how long a partition's records are held back after their timestamps. A stop does not
   * wait for them.
   */
  readonly delayMs?: (partition: number) => number
}

/**
 * Handles one partition's next batch. Partitions run concurrently; within one, the next call comes after this
 * one has settled. Not settling is backpressure: at most one batch of the partition is fetched ahead. A
 * rejection makes the port read the committed offset again and hand over the same records after a growing
 * pause (0.1 to 10 s); it never skips any. `signal` aborts when the partition is lost or the drain time of a
 * stop is over: the batch will be handed over again, here or elsewhere.
 */
export type BatchHandler = (batch: RecordBatch, signal: AbortSignal) => Promise<void> | void

/**
 * A handler may return before the work on its batch is done. Then the next batch is handed over, and this
 * one's offset is committed when its `done` and those of all batches before it have resolved. A `done` that
 * rejects holds back all that follow, until another member or process begins there. A stop or a rebalance
 * waits for open batches as it does for a handler.
 */
export interface Ongoing {
  readonly done: Promise<void>
}

export type ConsumeHandler = (batch: RecordBatch, signal: AbortSignal) => Promise<void | Ongoing> | void

/** The next offset to be handed over in a partition. */
export interface Position extends TopicPartition {
  readonly offset: number
}

/**
 * The work of one partition while it belongs to this member, exactly once: the records appended to `out` and
 * the input's offset become visible together, or not at all. Calls come one after the other.
 */
export interface Task {
  /**
   * Called before the first batch, and again after each failure, with the positions from which reading goes
   * on. The task must discard its state from later records. Between a failure and this call it gets nothing of
   * any input.
   */
  begin?(positions: readonly Position[], signal: AbortSignal): Promise<void> | void
  /** Handles the next batch, as BatchHandler describes. */
  process(batch: RecordBatch, out: Appender, signal: AbortSignal): Promise<void> | void
  /**
   * Called about every TICK_MS, even if no records arrive, for work that is due at a time. Records that it
   * appends become visible with the batch before it, or on their own.
   * @param now ms since the epoch
   */
  tick?(now: number, out: Appender, signal: AbortSignal): Promise<void> | void
  /**
   * Called once the partition is given up or lost; nothing is called after it. If the partition comes back, a
   * new task is opened for it.
   */
  end?(): Promise<void> | void
}

/**
 * Opens the task of a partition. If there are several input topics, their partitions of that number share
 * the task: the member has either all of them or none, so that they can be joined. A task sees no other
 * partition.
 */
export type OpenTask = (partition: number) => Task

export interface Assignment extends TopicPartition {
  /**
   * The next offset that will be handed over; everything below it is committed, being committed, or still
   * open (Ongoing).
   */
  readonly position: number
  /** The start of the partition's log, as last reported; 0 before the first fetch. */
  readonly startOffset: number
  /** The partition's last stable offset, as last reported; -1 before the first fetch. */
  readonly endOffset: number
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/**
 * A partition that has made no progress for 30 s: its handler rejects, nothing can be fetched, or no member
 * of the group has it.
 */
export interface StalledPartition extends TopicPartition {
  /** The next offset that will be handed over; -1 if not even that is known. */
  readonly offset: number
  /** When the stall began, in ms since the epoch. */
  readonly sinceMs: number
  /** Names and codes only: nothing from records, no addresses, no secrets. The log has the details. */
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
   * The subscription's stalled partitions. One whose topic was deleted is not among them: there is nothing to
   * read.
   */
  stalled(): readonly StalledPartition[]
  /** Failures and restarts that it has recovered from so far, for metrics. */
  readonly restarts: number
  /** Lets running handlers finish (at most `drainMs`, default 10,000), commits, leaves the group. */
  stop(drainMs?: number): Promise<void>
}

export interface ReadOptions {
  readonly topics: readonly string[]
  /** The partitions to read of each topic; all if not given. */
  readonly partitions?: readonly number[]
  /**
   * `timestamp`: the first records at or after that time, in ms since the epoch. A time before 1970 means the
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
  /** Resolves when `until` is reached or after stop(); rejects with a KafkaError if a retry cannot help. */
  readonly done: Promise<void>
  stop(): Promise<void>
}

export interface Kafka {
  readonly driver: 'platformatic' | 'kafkajs'
  /** The topic's partition count, from cached metadata. Rejects with `unknown-topic`. */
  partitions(topic: string): Promise<number>
  /**
   * The topic's id, if all brokers that answer agree on it. A topic that was deleted and recreated has
   * another id. Rejects with `unknown-topic`, or with `no-broker` if the brokers disagree.
   */
  topicId(topic: string): Promise<string>
  producer(): Promise<Producer>
  /**
   * At least once: offsets are committed after the handler settles, or when the work that it left open is
   * done.
   */
  consume(options: SubscribeOptions, handler: ConsumeHandler): Promise<Subscription>
  /**
   * Exactly once as a read_committed reader sees it: transactional ids belong to a group's input partitions,
   * and offsets are committed inside the transactions. Rejects with `partition-mismatch` if the topics do not
   * have the same number of partitions.
   */
  transform(options: SubscribeOptions, open: OpenTask): Promise<Subscription>
  /** read_committed, no group. */
  read(options: ReadOptions, handler: BatchHandler): Promise<Reading>
  /**
   * Reads what is there now from `offset` on, read_committed, about `maxBytes` (at least one record batch).
   * The batch is empty if there is nothing; the caller may keep it. Continue at its nextOffset, which skips
   * what cannot be read. Rejects with `out-of-range` if the offset is not, or no longer, in the log.
   */
  fetch(topic: string, partition: number, offset: number, maxBytes: number): Promise<RecordBatch>
  /**
   * Returns the first offset at or after that time (ms since the epoch), or the end, as a read_committed
   * reader sees it, if no record is that recent. A time before 1970 means the beginning of the log.
   */
  offsetAt(topic: string, partition: number, time: number | 'earliest' | 'latest'): Promise<number>
  /**
   * Runs `work` as the only holder of the transactional id: the previous holder is fenced, and the
   * transaction that it left open has ended before `work` begins. The appended records become visible
   * together after `work` has resolved, or not at all. Rejects with `fenced` if another holder took over the
   * id meanwhile, and with `timeout` or `no-broker` if the outcome is unknown: the next call settles it.
   */
  transact(transactionalId: string, work: (out: Appender) => Promise<void> | void): Promise<void>
  readonly admin: Admin
  /** True while a broker answers. */
  connected(): boolean
  stop(): Promise<void>
}
