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

/** The type of each topic's values. */
export interface ValueOf {
  'weir.stats': StageStats
  'weir.invocations': Invocation
  'weir.control.reference': ReferenceEntry
  'weir.control.streams': ControlEntry
  'weir.control.functions': ControlEntry
  'weir.functions.windows': WindowState
  'weir.functions.code': FunctionCode
}
