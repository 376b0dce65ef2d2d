/** Tracks what all workers of an application have read. */
import type { Shard } from '@aws-sdk/client-kinesis'
import { expect } from 'vitest'
import { type Findings, verify } from './verify.ts'
import type { Worker } from './worker.ts'

/**
 * Timeout for waits that may include the transfer of a lease; a library that starts waits up to 30 s for
 * other workers (ms).
 */
const LEASES_MS = 90_000
const LOOK_MS = 200

export class Readers {
  readonly #workers: readonly Worker[]
  readonly #records = new Set<string>()
  readonly #shards = new Set<string>()
  /** The number of each worker's entries that are already counted. */
  readonly #taken = new Map<Worker, number>()

  /** @param workers the list of workers, which may grow later */
  constructor(workers: readonly Worker[]) {
    this.#workers = workers
  }

  /** Waits until at least `records` distinct records have been read. */
  async until(records: number): Promise<void> {
    await expect
      .poll(() => this.#look().#records.size, { timeout: LEASES_MS, interval: LOOK_MS })
      .toBeGreaterThanOrEqual(records)
  }

  /** Waits until each worker holds its number of `leases`. */
  async untilHolding(leases: readonly number[]): Promise<void> {
    await expect
      .poll(() => this.#look().#workers.map(({ journal }) => journal.held.size), {
        timeout: LEASES_MS,
        interval: LOOK_MS,
      })
      .toEqual(leases)
  }

  /**
   * Waits until `records` distinct records and every shard have been read, then verifies how they were read.
   */
  async untilAll(records: number, shards: readonly Shard[]): Promise<Findings> {
    const all = [records, shards.length]
    await expect
      .poll(() => [this.#look().#records.size, this.#shards.size], { timeout: LEASES_MS, interval: LOOK_MS })
      .toEqual(all)
    return verify(
      this.#workers.flatMap(({ journal }) => journal.entries),
      shards,
    )
  }

  #look(): this {
    for (const worker of this.#workers) {
      const { journal } = worker
      journal.read()
      for (const { kind, text, shard } of journal.entries.slice(this.#taken.get(worker) ?? 0)) {
        this.#shards.add(shard)
        if (kind === 'record') this.#records.add(text)
      }
      this.#taken.set(worker, journal.entries.length)
    }
    return this
  }
}
