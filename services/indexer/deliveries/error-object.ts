/** The object with those records of a delivery that were given up, as JSON lines. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { parsePrefix } from '@weir/deliveries'
import type { EndpointForm } from './form.ts'
import type { Frame } from './frames.ts'
import { READ_BYTES, removeObjectFile, writeObjectFile } from './object-file.ts'
import type { ObjectStore } from './object-store.ts'
import type { Attempts, Delivery, LastFailure } from './place.ts'

/** The folders of records that were given up (Firehose developer guide, "Handle data delivery failures"). */
const FOLDERS: Readonly<Record<EndpointForm['kind'], string>> = {
  http: 'http-endpoint-failed',
}

/** A record, why it was given up, and further fields of its line. */
export interface GivenUp {
  readonly frame: Frame
  readonly failure: Pick<LastFailure, 'code' | 'message' | 'attempts' | 'endedAt'>
  readonly more?: Readonly<Record<string, string>>
}

export class ErrorObject {
  readonly #delivery: Delivery
  readonly #path: string
  #file: FileHandle | undefined

  constructor(delivery: Delivery) {
    this.#delivery = delivery
    this.#path = `${delivery.spool.path}.errors`
  }

  async add(records: readonly GivenUp[]): Promise<void> {
    if (records.length === 0) return
    this.#file ??= await open(this.#path, 'w', 0o600)
    for (const record of records) await this.#file.writeFile(lineOf(record))
  }

  /** Writes the object if it has records. @param time when the first record of the delivery arrived */
  async store(time: number, store: ObjectStore, attempts: Attempts, signal: AbortSignal): Promise<void> {
    if (this.#file === undefined) return
    const { spool, form } = this.#delivery
    const { bucket, compression, kmsKeyArn } = form
    const key = errorKey(this.#delivery, form.endpoint!, time)
    const file = await attempts.untilDone(() => {
      const lines = createReadStream(this.#path, { signal, highWaterMark: READ_BYTES })
      return writeObjectFile(spool, lines, compression)
    })
    await attempts.untilDone(() => store.put({ bucket, key, kmsKeyArn, ...file }, signal))
  }

  async remove(): Promise<void> {
    await this.#file?.close().catch(() => {})
    await rm(this.#path, { force: true })
    await removeObjectFile(this.#delivery.spool)
  }
}

/** Both times are ms since the epoch. */
const lineOf = ({ frame, failure, more }: GivenUp): string =>
  `${JSON.stringify({
    attemptsMade: failure.attempts,
    arrivalTimestamp: frame.time,
    errorCode: failure.code,
    errorMessage: failure.message,
    attemptEndingTimestamp: failure.endedAt,
    rawData: frame.value.toString('base64'),
    ...more,
  })}\n`

/** The name is that of the delivery, and so the same at a repetition; so are its random characters. */
export function errorKey(
  { key }: Pick<Delivery, 'key'>,
  { kind, errorPrefix, timeZone }: EndpointForm,
  time: number,
): string {
  const digest = createHash('sha256').update(key).digest()
  let at = 0
  const random = (): number => digest[at++ % digest.length] / 256
  const values = { time, timeZone, errorType: FOLDERS[kind] }
  return parsePrefix(errorPrefix, 'failed').evaluate(values, random) + key.slice(key.lastIndexOf('/') + 1)
}
