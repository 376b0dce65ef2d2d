/** The limits of a request to the HTTP door. */
export const LIMITS = {
  /** Bytes of a JSON body, both as sent and inflated. */
  bodyBytes: 10 << 20,
  batchRecords: 10_000,
  /** Frames of a zstd body. Each takes about 30 µs to inflate, however little it contains. */
  zstdFrames: 10_000,
  /**
   * Values in a JSON body. The smallest takes 3 bytes as text and 56 bytes when parsed, so a limit on bytes
   * alone would not bound memory.
   */
  bodyValues: 500_000,
  /** Levels of nesting. Contracts need three or four. */
  depth: 32,
  /**
   * Distinct names in a JSON body or an NDJSON line. Each takes about a hundred bytes in memory, and four as
   * text.
   */
  names: 4096,
  /** Bytes of an NDJSON line. */
  lineBytes: 1 << 20,
  /** Values in an NDJSON line. */
  lineValues: 50_000,
  /** Bytes of an NDJSON body, both as sent and inflated. */
  streamBytes: 64 << 20,
  /** Lines of an NDJSON body, including blank ones. */
  streamLines: 250_000,
  /** Lines of an NDJSON body sent to Kafka before their outcome is awaited: one window. */
  windowRecords: 2000,
  windowBytes: 512 << 10,
  /** Lines of a window that cannot be accepted. No lease covers their errors until they are listed. */
  windowErrors: 250,
  /** Errors that an answer lists; the rest are only counted. */
  listedErrors: 10_000,
  /** Errors that an answer lists while memory is short. */
  minListedErrors: 50,
} as const
