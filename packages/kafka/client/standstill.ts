/** Records since when, and why, a partition makes no progress. */
import { KafkaError } from '../errors.ts'
import type { Assignment, StalledPartition } from '../port.ts'

/** Leaders move and registries restart within seconds; a failure that lasts longer needs someone to look. */
const STALLED_MS = 30_000

const SENTENCES = {
  beginning: 'its position cannot be read',
  fetching: 'it cannot be fetched',
  handling: 'its handler rejects',
} as const

type Work = keyof typeof SENTENCES

interface Failure {
  readonly sinceMs: number
  readonly reason: string
}

export class Standstill {
  readonly #failures: { [work in Work]?: Failure | undefined } = {}

  /** Counts from the first failure after the last success. */
  failed(work: Work, error: unknown): void {
    // A deleted topic has nothing to read, so its partitions cannot stall.
    const deleted = work !== 'handling' && error instanceof KafkaError && error.code === 'unknown-topic'
    if (deleted) return this.succeeded(work)
    const sinceMs = this.#failures[work]?.sinceMs ?? Date.now()
    this.#failures[work] = { sinceMs, reason: `${SENTENCES[work]} (${nameOf(error)})` }
  }

  succeeded(work: Work): void {
    if (this.#failures[work] !== undefined) this.#failures[work] = undefined
  }

  /** The oldest failure that has lasted for STALLED_MS. */
  get lasting(): Failure | undefined {
    const before = Date.now() - STALLED_MS
    const lasting = Object.values(this.#failures).filter(
      (failure) => failure !== undefined && failure.sinceMs < before,
    )
    return lasting.sort((a, b) => a!.sinceMs - b!.sinceMs)[0]
  }
}

interface Reader extends Assignment {
  readonly standstill: Standstill
}

/** Returns those of a member's partitions that are stalled. */
export function stalledOf(partitions: readonly Reader[]): StalledPartition[] {
  return partitions.flatMap(({ topic, partition, position, standstill }) => {
    const failure = standstill.lasting
    return failure === undefined ? [] : [{ topic, partition, offset: position, ...failure }]
  })
}

const SHORT_NAME = /^[\w.-]{1,64}$/

/**
 * Returns at most the error's name and code: its message may hold a record's data, or an address with its
 * password.
 */
function nameOf(error: unknown): string {
  if (error instanceof KafkaError) return error.code
  if (!(error instanceof Error)) return 'no error'
  const { name, code } = error as NodeJS.ErrnoException
  return [name, code].filter((word) => typeof word === 'string' && SHORT_NAME.test(word)).join(' ') || 'Error'
}
