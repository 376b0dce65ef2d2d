/** What became of a request's records. */
import type { KafkaError } from '@weir/kafka'
import type { RecordError } from '../../intake/errors.ts'
import type { Submission } from '../../intake/submission.ts'
import { LIMITS } from './limits.ts'

export class Outcome {
  /** Records whose fate is known. */
  count = 0
  failed = 0
  /** The first of them; `failed` counts all. */
  readonly errors: RecordError[] = []
  /** What the broker's side said, for the log. */
  cause: KafkaError | undefined

  get stored(): number {
    return this.count - this.failed
  }

  /** Takes over what a settled submission has to say. */
  add(submission: Submission, cause: KafkaError | undefined): void {
    this.count += submission.count
    this.failed += submission.errors.length
    const room = LIMITS.listedErrors - this.errors.length
    for (const error of submission.errors.slice(0, room)) this.errors.push(error)
    this.cause ??= cause
  }

  /** The rest of the request is not stored. */
  giveUp(error: RecordError): void {
    this.errors.push(error)
  }

  /** The code that every record failed with, if a retry can help all of them; undefined when one is stored or failed otherwise. */
  retriableReason(): RecordError['code'] | undefined {
    if (this.stored > 0 || this.errors.length === 0) return undefined
    const [{ code }] = this.errors
    return this.errors.every((error) => error.retriable && error.code === code) ? code : undefined
  }
}
