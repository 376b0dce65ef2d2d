/** Schemas by the registry's ids, each fetched once. */
import type { AvroNode } from '@weir/contracts/avro.ts'
import type { Registry } from './registry.ts'

/**
 * How long "there is no such schema" is believed. Registering takes one request, so data with a brand-new id
 * becomes readable within the minute.
 */
const UNKNOWN_MS = 60_000
/**
 * The most ids to remember that the registry does not know; the oldest are forgotten first. Ids in hostile
 * bytes are arbitrary. Far more than a batch can hold.
 */
const MAX_UNKNOWN = 100_000
/** Concurrent requests to the registry. */
const CONCURRENCY = 8

export class Schemas {
  readonly #registry: Registry
  readonly #known = new Map<number, AvroNode>()
  readonly #unknown = new Map<number, { readonly sentence: string; readonly until: number }>()
  readonly #pending = new Map<number, Promise<void>>()

  constructor(registry: Registry) {
    this.#registry = registry
  }

  /**
   * The schema, or the sentence saying that there is none, or undefined if the registry has not been asked
   * yet. An expired "none" still counts here: `resolve` asks again.
   */
  get(id: number): AvroNode | string | undefined {
    return this.#known.get(id) ?? this.#unknown.get(id)?.sentence
  }

  /** True if `get` has an answer that need not be asked for again. */
  settled(id: number): boolean {
    return this.#known.has(id) || (this.#unknown.get(id)?.until ?? 0) > Date.now()
  }

  /** Rejects with RegistryUnavailable; then nothing is remembered. */
  resolve(id: number): Promise<void> {
    if (this.settled(id)) return Promise.resolve()
    let pending = this.#pending.get(id)
    if (pending === undefined) {
      pending = this.#fetch(id).finally(() => this.#pending.delete(id))
      this.#pending.set(id, pending)
    }
    return pending
  }

  async resolveAll(ids: Iterable<number>): Promise<void> {
    const queue = [...ids]
    const worker = async (): Promise<void> => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) await this.resolve(id)
    }
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, queue.length) }, worker))
  }

  async #fetch(id: number): Promise<void> {
    const schema = await this.#registry.schemaOf(id)
    this.#unknown.delete(id)
    if (typeof schema !== 'string') {
      this.#known.set(id, schema)
      return
    }
    if (this.#unknown.size >= MAX_UNKNOWN) this.#unknown.delete(this.#unknown.keys().next().value!)
    this.#unknown.set(id, { sentence: schema, until: Date.now() + UNKNOWN_MS })
  }
}
