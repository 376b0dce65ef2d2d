/**
 * Enforces the limits of a provisioned stream's shard: 1,000 records and 1 MiB a second (developer guide,
 * "Quotas and limits"), of which each replica has its share.
 */

const RECORDS = 1000
const BYTES = 1 << 20
/** The buckets are cleared beyond this number, so that those of unused shards do not stay forever. */
const MAX_BUCKETS = 10_000

class Bucket {
  records: number
  bytes: number
  filled = performance.now()
  /** Records offered since the last call of offered(), accepted or not. */
  offered = 0
  /** The share of the shard's limits, 0 to 1; undefined: the same share as every replica. */
  share: number | undefined

  constructor(share: number) {
    this.records = RECORDS * share
    this.bytes = BYTES * share
  }

  take(size: number, evenShare: number): boolean {
    const now = performance.now()
    const share = this.share ?? evenShare
    const seconds = (now - this.filled) / 1000
    this.filled = now
    this.offered++
    this.records = Math.min(RECORDS * share, this.records + seconds * RECORDS * share)
    this.bytes = Math.min(BYTES * share, this.bytes + seconds * BYTES * share)
    // A record may be larger than the bytes that are left; later records then wait until the balance is
    // positive.
    if (this.records < 1 || this.bytes <= 0) return false
    this.records--
    this.bytes -= size
    return true
  }
}

export class Throttle {
  readonly #buckets = new Map<string, Bucket>()
  readonly #replicas: () => number

  constructor(replicas: () => number) {
    this.#replicas = replicas
  }

  /** Returns false if the shard accepts no more records now. */
  take(stream: string, shard: string, size: number): boolean {
    const evenShare = 1 / this.#replicas()
    const name = `${stream}/${shard}`
    let bucket = this.#buckets.get(name)
    if (bucket === undefined) {
      if (this.#buckets.size > MAX_BUCKETS) this.#buckets.clear()
      this.#buckets.set(name, (bucket = new Bucket(evenShare)))
    }
    return bucket.take(size, evenShare)
  }

  /** The number of records offered since the last call, by stream/shard, for shards that were offered any. */
  offered(): Map<string, number> {
    const offered = new Map<string, number>()
    for (const [name, bucket] of this.#buckets) {
      if (bucket.offered > 0) offered.set(name, bucket.offered)
      else bucket.share = undefined
      bucket.offered = 0
    }
    return offered
  }

  /**
   * Sets this replica's part of the records offered to all replicas for the shard, 0 to 1; undefined: not
   * known.
   */
  setShare(name: string, share: number | undefined): void {
    const bucket = this.#buckets.get(name)
    if (bucket !== undefined) bucket.share = share
  }
}
