/**
 * The reasons why a record is not stored: a closed list, which includes the broker port's codes. `retriable`
 * tells whether the same record can be stored later.
 */
import type { KafkaErrorCode } from '@weir/kafka'

export type RecordErrorCode =
  | 'not-json'
  | 'too-deep'
  | 'not-an-object'
  | 'unknown-field'
  | 'invalid-id'
  | 'invalid-value'
  | 'event-time-ahead'
  | 'too-large'
  | 'not-sent'
  | 'not-listed'
  | KafkaErrorCode

export interface RecordError {
  /** The record's index in the request, from 0. */
  readonly index: number
  readonly id?: string
  readonly code: RecordErrorCode
  /** The faulty part: a path in the value (position.lat, for example), or `id` or `value` itself. */
  readonly field?: string
  readonly message: string
  readonly retriable: boolean
  /**
   * True for the last entry of a stream that was abandoned, or of a list that was cut short: this record and
   * all after it are not known to be stored.
   */
  readonly toEnd?: true
}
