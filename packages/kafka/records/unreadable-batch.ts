import { KafkaError } from '../errors.ts'

/** One record batch that is there whole and cannot be read. More bytes do not help; another reading may. */
export class UnreadableBatch extends KafkaError {
  readonly topic: string
  readonly partition: number
  readonly firstOffset: number
  /** The offset after the batch. */
  readonly nextOffset: number
  /** A sentence about the batch, without anything that its records hold. */
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
