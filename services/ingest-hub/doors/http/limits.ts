/** What a request of the HTTP door may be. */
export const LIMITS = {
  /** Bytes of a JSON body, and the same inflated. */
  bodyBytes: 10 << 20,
  batchRecords: 10_000,
  /** Frames of a zstd body. Each takes about 30 µs to inflate, however little it holds. */
  zstdFrames: 10_000,
  /**
   * Values in a JSON body: parsed, the smallest of them takes 56 bytes where the text took 3, so bytes alone
   * would not bound memory.
   */
  bodyValues: 500_000,
  /** Levels of nesting. Contracts need three or four. */
  depth: 32,
  /**
   * Different names in a JSON body or an NDJSON line: each takes some hundred bytes where the text took four.
   */
  names: 4096,
  /** Bytes of an NDJSON line. */
  lineBytes: 1 << 20,
  /** Values in an NDJSON line. */
  lineValues: 50_000,
  /** Bytes of an NDJSON body, and the same inflated. */
  streamBytes: 64 << 20,
  /** Lines of an NDJSON body, blank ones too. */
  streamLines: 250_000,
  /** Lines of an NDJSON body sent to Kafka before their fate is awaited. */
  windowRecords: 2000,
  windowBytes: 512 << 10,
  /** Lines of these that cannot be taken. Their errors are in no lease before they are listed. */
  windowErrors: 250,
  /** Errors that an answer lists; what is over is counted. */
  listedErrors: 10_000,
  /** The same while memory is short. */
  minListedErrors: 50,
} as const
