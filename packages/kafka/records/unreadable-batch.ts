import { KafkaError } from '../errors.ts'

/** A complete record batch that cannot be read. More bytes do not help; reading it again may. */
export class UnreadableBatch extends KafkaError {
  readonly topic: string
  readonly partition: number
  readonly firstOffset: number
  /** The offset after the batch. */
  readonly nextOffset: number
  /** A sentence about the batch, which quotes nothing from its records. */
  readonly reason: string

  constructor(at: Pick<UnreadableBatch, 'topic' | 'partition' | 'firstOffset' | 'nextOffset'>, cause: Error) {
    const reason = cause instanceof KafkaError ? cause.what : `it breaks the record format: ${cause.message}`
    const place = `${at.topic}/${at.partition} ${at.firstOffset} to ${at.nextOffset - 1}`
    super('corrupt', `The record batch ${place} cannot be read: ${reason}`, cause)
    this.topic = at.topic
    this.partition = at.partition
    this.firstOffset = at.firstOffset
    this.nextOffset = at.nextOffset
    this.reason = reason
  }
}
