/** The outcome of a request's records. */
import type { KafkaError } from '@weir/kafka'
import type { RecordError } from '../../intake/errors.ts'
import type { Submission } from '../../intake/submission.ts'
import { LIMITS } from './limits.ts'

/** Bytes that an error takes in memory and in the answer, in addition to its texts. */
const ERROR_BYTES = 512

export class Outcome {
  /** Records whose outcome is known. */
  count = 0
  failed = 0
  #errors: RecordError[] = []
  /** Bytes of memory for the errors and for the answer that lists them. */
  listBytes = 0
  /** The first error from the broker port, for the log. */
  cause: KafkaError | undefined

  /** The first errors; `failed` counts all of them. */
  get errors(): readonly RecordError[] {
    return this.#errors
  }

  get stored(): number {
    return this.count - this.failed
  }

  /** Adds the counts and errors of a settled submission. */
  add(submission: Submission, cause: KafkaError | undefined): void {
    this.count += submission.count
    this.failed += submission.errors.length
    for (const error of submission.errors.slice(0, LIMITS.listedErrors - this.errors.length))
      this.#list(error)
    this.cause ??= cause
  }

  /** Notes that the rest of the request is not stored. */
  giveUp(error: RecordError): void {
    this.#list(error)
  }

  /**
   * Keeps only the first errors. The last one then stands for all that follow: the client may send records
   * again that are already stored, but loses nothing.
   */
  shorten(): void {
    const rest = this.#errors[LIMITS.minListedErrors]
    if (rest === undefined) return
    this.#errors = this.#errors.slice(0, LIMITS.minListedErrors)
    this.listBytes = this.#errors.reduce((sum, error) => sum + bytesOf(error), 0)
    this.#list({
      index: rest.index,
      code: 'not-listed',
      retriable: true,
      toEnd: true,
      message:
        'There is no room now to list all records that failed; send this one and those after it again, with the same ids.',
    })
  }

  /**
   * The code with which every record failed, if a retry can help all of them. Undefined if any record was
   * stored or failed for another reason.
   */
  retriableReason(): RecordError['code'] | undefined {
    if (this.stored > 0 || this.errors.length === 0) return undefined
    const [{ code }] = this.errors
    return this.errors.every((error) => error.retriable && error.code === code) ? code : undefined
  }

  #list(error: RecordError): void {
    this.#errors.push(error)
    this.listBytes += bytesOf(error)
  }
}

/** The texts are in memory once, and once in the answer, where JSON may escape them. */
function bytesOf({ id = '', field = '', message }: RecordError): number {
  return ERROR_BYTES + 3 * (id.length + field.length + message.length)
}
