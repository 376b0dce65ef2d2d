import { KafkaError } from '../errors.ts'

/** Returns any thrown value as a KafkaError. */
export function asKafkaError(error: unknown, what: string): KafkaError {
  return error instanceof KafkaError ? error : new KafkaError('internal', what, error)
}
