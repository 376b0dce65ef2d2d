/**
 * The rates that `npm run bench` measured (docs/benchmarks.md, on 2 cores). The sizing uses these figures,
 * and its test compares them with that page.
 */
export const RATES = {
  /** Records per CPU-second of ingest-hub, HTTP batches of 500 records of about 200 bytes. */
  hub: 305_000,
  /** Records per CPU-second of the enricher, exactly once. */
  enricher: 414_000,
  /** Records per CPU-second of the indexer. */
  indexer: 273_000,
  /** Records per second that one broker took from the hub while both shared 2 cores. */
  broker: 262_000,
  /** Records per second through the 12 partitions of one enricher. */
  enricherWhole: 385_000,
  /** Records per second that OpenSearch indexed with what the indexer left of 2 cores. */
  search: 49_000,
} as const

/** Bytes per value in the bench. */
export const BENCH_BYTES = 200
export const BENCH_PARTITIONS = 12
/** vCPUs of the bench machine. */
export const BENCH_CORES = 2
