/** What a shard of a provisioned stream takes: 1,000 records and 1 MiB a second (developer guide, "Quotas and limits"), shared evenly by the replicas. */

const RECORDS = 1000
const BYTES = 1 << 20

class Bucket {
  records = RECORDS
  bytes = BYTES
  filled = performance.now()

  take(size: number, replicas: number): boolean {
    const now = performance.now()
    const share = (now - this.filled) / 1000 / replicas
    this.filled = now
    this.records = Math.min(RECORDS / replicas, this.records + share * RECORDS)
    this.bytes = Math.min(BYTES / replicas, this.bytes + share * BYTES)
    // A record may be larger than what is left of the second: the next ones wait for it.
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

  /** False where the shard takes no more now. */
  take(stream: string, shard: string, size: number): boolean {
    const name = `${stream}/${shard}`
    let bucket = this.#buckets.get(name)
    if (bucket === undefined) {
      if (this.#buckets.size > 10_000) this.#buckets.clear()
      this.#buckets.set(name, bucket = new Bucket())
    }
    return bucket.take(size, this.#replicas())
  }
}
