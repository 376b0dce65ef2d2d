/** Sizes a cluster: computes brokers, partitions, replicas and storage from a load and the bench's rates. */
import { BENCH_BYTES, BENCH_CORES, BENCH_PARTITIONS, RATES } from './rates.ts'

export interface Load {
  readonly eventsPerHour: number
  /** Bytes of a record's value. */
  readonly bytes: number
  /** The load of the busiest seconds, as a multiple of the mean. */
  readonly peak: number
  readonly retentionHours: number
}

export interface Size {
  readonly meanPerSecond: number
  readonly peakPerSecond: number
  readonly brokers: number
  /** Partitions of the source topic, and of its output. */
  readonly partitions: number
  /** Leaders and followers of these topics per broker. */
  readonly partitionsPerBroker: number
  /** Replicas with one CPU each. */
  readonly replicas: { readonly 'ingest-hub': number; readonly enricher: number; readonly indexer: number }
  /** Cores for indexing. */
  readonly searchCores: number
  /** Bytes, over all replicas. */
  readonly storage: { readonly perDay: number; readonly atRetention: number; readonly perBroker: number }
  readonly assumptions: readonly string[]
}

const ZONES = 3
const REPLICATION = 3
/** Copies of each record: source and output. */
const COPIES = 2
/**
 * Bytes of a record besides its value: key, the headers weir-id and weir-source, and the overhead of the
 * record format. Batches are not compressed.
 */
export const RECORD_OVERHEAD = 100
/**
 * Share of a CPU that is used at the peak. The rest is for the loss of a broker or a zone, and for catching
 * up.
 */
const BUSY = 0.6
/** Share of a broker's storage that is used: MSK's expansion takes a threshold of 10 to 80 %. */
const FULL = 0.6
/** Amazon MSK, quotas of standard brokers. */
const MAX_BYTES_PER_BROKER = 16_384 * 2 ** 30

export function sizeFor({ eventsPerHour, bytes, peak, retentionHours }: Load): Size {
  const meanPerSecond = eventsPerHour / 3600
  const peakPerSecond = meanPerSecond * peak
  const stored = bytes + RECORD_OVERHEAD
  // Records larger than the bench's cost in proportion to their size; smaller ones cost no less.
  const weight = Math.max(1, bytes / BENCH_BYTES)
  const replicasFor = (perCpuSecond: number): number =>
    Math.max(2, Math.ceil((peakPerSecond * weight) / (perCpuSecond * BUSY)))

  const atRetention = meanPerSecond * stored * COPIES * REPLICATION * retentionHours * 3600
  const byWrites = Math.ceil((peakPerSecond * weight * COPIES * REPLICATION) / (RATES.broker * BUSY))
  const byStorage = Math.ceil(atRetention / FULL / MAX_BYTES_PER_BROKER)
  const brokers = upTo(Math.max(ZONES, byWrites, byStorage), ZONES)
  const partitions = upTo(
    Math.ceil((peakPerSecond * weight) / ((RATES.enricherWhole / BENCH_PARTITIONS) * BUSY)),
    BENCH_PARTITIONS,
  )
  return {
    meanPerSecond,
    peakPerSecond,
    brokers,
    partitions,
    partitionsPerBroker: Math.ceil((partitions * COPIES * REPLICATION) / brokers),
    replicas: {
      'ingest-hub': replicasFor(RATES.hub),
      enricher: replicasFor(RATES.enricher),
      indexer: replicasFor(RATES.indexer),
    },
    searchCores: Math.max(BENCH_CORES, Math.ceil(((peakPerSecond * weight) / RATES.search) * BENCH_CORES)),
    storage: {
      perDay: meanPerSecond * stored * COPIES * REPLICATION * 86_400,
      atRetention,
      perBroker: atRetention / FULL / brokers,
    },
    assumptions: [
      `Rates are those of docs/benchmarks.md, on ${BENCH_CORES} cores that brokers, services and the search engine shared, with values of about ${BENCH_BYTES} bytes. Larger values cost proportionally more; smaller values cost the same.`,
      `A broker has ${BENCH_CORES} vCPU and takes ${RATES.broker.toLocaleString('en')} records/s. A broker with n times the vCPU takes about n times as many, up to the limits of its network and volume.`,
      `Each record is written twice, to the source topic and to the flow's output, with ${REPLICATION} replicas each in ${ZONES} zones. It has ${RECORD_OVERHEAD} bytes besides its value and is not compressed.`,
      `CPUs are ${BUSY * 100} % busy at the peak, and storage is ${FULL * 100} % full on average. The rest is reserved for the loss of a zone and for catching up.`,
      `A partition carries ${Math.round(RATES.enricherWhole / BENCH_PARTITIONS).toLocaleString('en')} records/s through the flow. Partition counts are multiples of ${BENCH_PARTITIONS}, broker counts of ${ZONES}.`,
      `The search engine indexes ${RATES.search.toLocaleString('en')} records/s on ${BENCH_CORES} cores, which it shared with the indexer, without replicas of its shards. It may fall behind at the peak, because Kafka keeps the records that wait.`,
      'None of this was measured on Amazon MSK; run the benchmark there before you order.',
    ],
  }
}

const upTo = (count: number, multiple: number): number => Math.ceil(count / multiple) * multiple
