/** What became of a request's records. */
import type { KafkaError } from '@weir/kafka'
import type { RecordError } from '../../intake/errors.ts'
import type { Submission } from '../../intake/submission.ts'
import { LIMITS } from './limits.ts'

/** Beside its texts, of an error in memory and in the answer. */
const ERROR_BYTES = 512

export class Outcome {
  /** Records whose fate is known. */
  count = 0
  failed = 0
  #errors: RecordError[] = []
  /** Memory that the errors and the answer that lists them take. */
  listBytes = 0
  /** What the broker's side said, for the log. */
  cause: KafkaError | undefined

  /** The first of them; `failed` counts all. */
  get errors(): readonly RecordError[] {
    return this.#errors
  }

  get stored(): number {
    return this.count - this.failed
  }

  /** Takes over what a settled submission has to say. */
  add(submission: Submission, cause: KafkaError | undefined): void {
    this.count += submission.count
    this.failed += submission.errors.length
    for (const error of submission.errors.slice(0, LIMITS.listedErrors - this.errors.length))
      this.#list(error)
    this.cause ??= cause
  }

  /** The rest of the request is not stored. */
  giveUp(error: RecordError): void {
    this.#list(error)
  }

  /**
   * Lists the first errors only. The last one then stands for all that follow: its client sends again what
   * may be stored already, and loses nothing.
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
   * The code that every record failed with, if a retry can help all of them; undefined when one is stored or
   * failed otherwise.
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

/** Texts are in memory once and in the answer once, where JSON may escape them. */
function bytesOf({ id = '', field = '', message }: RecordError): number {
  return ERROR_BYTES + 3 * (id.length + field.length + message.length)
}
