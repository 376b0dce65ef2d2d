/**
 * A client of the hub's Kinesis door, as used by a device without keys: PutRecords as JSON, with a retry of
 * the entries that were not stored.
 */
import { reasonOf } from '@weir/service/probe.ts'
import { backoffMs, pause } from '@weir/timing'

export interface StreamDoorOptions {
  readonly url: string
  readonly stream: string
  readonly signal: AbortSignal
  /** Called with the reason when an attempt failed and another will follow. */
  readonly onRetry: (reason: string) => void
}

/** Limit of one PutRecords request (API reference). */
const MAX_RECORDS = 500
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5_000

/**
 * Encodes an entry of PutRecords as JSON.
 * @param data the record's text
 */
export function encodeEntry(partitionKey: string, data: string): string {
  return JSON.stringify({ PartitionKey: partitionKey, Data: Buffer.from(data).toString('base64') })
}

export class StreamDoor {
  readonly #options: StreamDoorOptions

  constructor(options: StreamDoorOptions) {
    this.#options = options
  }

  /** Resolves when every entry is stored, or when the signal aborts. */
  async deliver(entries: readonly string[]): Promise<{ stored: number; refused: readonly never[] }> {
    let stored = 0
    let left = [...entries]
    for (let retries = 0; left.length > 0 && !this.#options.signal.aborted; ) {
      const sent = left.slice(0, MAX_RECORDS)
      try {
        const failed = await this.#put(sent)
        left = [...failed, ...left.slice(sent.length)]
        stored += sent.length - failed.length
        if (failed.length < sent.length) retries = 0
        if (failed.length === 0) continue
        this.#options.onRetry(`${failed.length} records were not stored`)
      } catch (error) {
        if (this.#options.signal.aborted) break
        this.#options.onRetry(reasonOf(error as Error))
      }
      await pause(backoffMs(retries++, FIRST_PAUSE_MS, MAX_PAUSE_MS), this.#options.signal)
    }
    return { stored, refused: [] }
  }

  close(): void {}

  /** Resolves to the entries that were not stored. */
  async #put(entries: readonly string[]): Promise<string[]> {
    const { url, stream, signal } = this.#options
    const response = await fetch(`${url}/`, {
      method: 'POST',
      signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.PutRecords',
      },
      body: `{"StreamName":${JSON.stringify(stream)},"Records":[${entries.join()}]}`,
    })
    const answer = (await response.json()) as {
      Records?: { ErrorCode?: string }[]
      __type?: string
      message?: string
    }
    if (!response.ok || answer.Records === undefined)
      throw new Error(`The hub refused the records: ${answer.message ?? answer.__type ?? response.status}`)
    return entries.filter((_, i) => answer.Records![i].ErrorCode !== undefined)
  }
}
