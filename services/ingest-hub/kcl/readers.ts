/** What all workers of an application have read together. */
import type { Shard } from '@aws-sdk/client-kinesis'
import { expect } from 'vitest'
import { type Findings, verify } from './verify.ts'
import type { Worker } from './worker.ts'

/**
 * For what waits until a lease is given to somebody else; a library that starts waits up to 30 s for others
 * (ms).
 */
const LEASES_MS = 90_000
const LOOK_MS = 200

export class Readers {
  readonly #workers: readonly Worker[]
  readonly #records = new Set<string>()
  readonly #shards = new Set<string>()
  /** Entries of each worker that are counted already. */
  readonly #taken = new Map<Worker, number>()

  /** @param workers may be added to */
  constructor(workers: readonly Worker[]) {
    this.#workers = workers
  }

  /** Waits for so many different records. */
  async until(records: number): Promise<void> {
    await expect
      .poll(() => this.#look().#records.size, { timeout: LEASES_MS, interval: LOOK_MS })
      .toBeGreaterThanOrEqual(records)
  }

  /** Waits until each worker has so many leases. */
  async untilHolding(leases: readonly number[]): Promise<void> {
    await expect
      .poll(() => this.#look().#workers.map(({ journal }) => journal.held.size), {
        timeout: LEASES_MS,
        interval: LOOK_MS,
      })
      .toEqual(leases)
  }

  /** Waits for so many different records and for every shard, and looks at how they were read. */
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
