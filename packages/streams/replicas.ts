/**
 * The replicas that serve streams, and what they know about each other. Each writes a heartbeat to the
 * control log and reads it back. Then it has seen everything that was written before, and it holds a lease
 * for LEASE_MS from the moment it sent the heartbeat. A resharding waits until every replica has acknowledged
 * it or its lease must have expired. Each clock is only compared with itself.
 */
import { performance } from 'node:perf_hooks'

export const LEASE_MS = 5000
export const HEARTBEAT_MS = 1000
/**
 * Longer than any lease that was granted before: the resharding's entry was read here after it was written,
 * and a lease counts from before its heartbeat was written.
 */
export const LAPSED_MS = LEASE_MS + 1000
/** The entry of a replica that has been silent for this long is removed. */
export const FORGOTTEN_MS = 60_000

export interface Heartbeat {
  readonly beat: number
  /** Whether the replica takes records from clients, and so a share of each shard's throughput. */
  readonly takes: boolean
  /** Streams being resharded whose parent shards no longer take records here: name to version. */
  readonly drained: Readonly<Record<string, number>>
}

export class Replicas {
  readonly self: string
  readonly #heard = new Map<string, { at: number; heartbeat: Heartbeat }>()
  readonly #sent = new Map<number, number>()
  #leaseUntil = -Infinity

  constructor(self: string) {
    this.self = self
  }

  /** Whether everything written more than LEASE_MS ago has been seen here. */
  get leased(): boolean {
    return performance.now() < this.#leaseUntil
  }

  /** The number of replicas that take records; at least one. */
  get count(): number {
    let count = 0
    for (const [id, { heartbeat }] of this.#heard) if (heartbeat.takes && this.#alive(id)) count++
    return Math.max(1, count)
  }

  /** Call before the heartbeat of that number is written. */
  sending(beat: number): void {
    this.#sent.set(beat, performance.now())
    this.#sent.delete(beat - 100)
  }

  heard(id: string, heartbeat: Heartbeat): void {
    this.#heard.set(id, { at: performance.now(), heartbeat })
    if (id !== this.self) return
    const sent = this.#sent.get(heartbeat.beat)
    if (sent !== undefined) this.#leaseUntil = Math.max(this.#leaseUntil, sent + LEASE_MS)
  }

  gone(id: string): void {
    this.#heard.delete(id)
  }

  /** @param since when the resharding's entry was read here, as performance.now() */
  drained(stream: string, version: number, since: number): boolean {
    if (performance.now() - since > LAPSED_MS) return true
    for (const [id, { heartbeat }] of this.#heard)
      if (this.#alive(id) && !(heartbeat.drained[stream] >= version)) return false
    return true
  }

  /** Other replicas without a heartbeat for FORGOTTEN_MS. */
  forgotten(): string[] {
    const now = performance.now()
    return [...this.#heard]
      .filter(([id, { at }]) => id !== this.self && now - at > FORGOTTEN_MS)
      .map(([id]) => id)
  }

  #alive(id: string): boolean {
    return performance.now() - this.#heard.get(id)!.at < LAPSED_MS
  }
}
