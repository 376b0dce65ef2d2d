/** The partition keys of records, for delivery streams with dynamic partitioning. */
import { type DeliveryStream, type Prefix, PrefixError, parsePrefix, requireStart } from '@weir/deliveries'
import type { Reason } from './inputs.ts'

type Keys = Readonly<Record<string, string>>

/** The longest value that the header of a record has. */
const MAX_VALUE_LENGTH = 1024

export class PartitionKeys {
  #text: string | undefined
  #prefix!: Prefix

  /**
   * Returns those of the keys that the prefix of objects uses, in the prefix's order; or why no object can have the
   * record.
   * @param given the keys in the function's answer
   */
  of({ name, destination }: DeliveryStream, given: Keys = {}): { keys: Keys } | { reason: Reason } {
    const { prefix, fileExtension, timeZone } = destination
    if (prefix !== this.#text) {
      this.#prefix = parsePrefix(prefix, 'delivered')
      this.#text = prefix
    }
    const names = this.#prefix.keys.map((key) => key.name)
    const fits = (key: string): boolean =>
      Object.hasOwn(given, key) && given[key] !== '' && given[key].length <= MAX_VALUE_LENGTH
    const missing = names.find((key) => !fits(key))
    if (missing !== undefined)
      return failed(
        `The function has answered no partition key ${missing}, an empty one, or one that is too long.`,
      )
    const keys = Object.fromEntries(names.map((key) => [key, given[key]]))
    try {
      requireStart(this.#prefix.evaluate({ time: 0, timeZone, keys }), name, fileExtension)
      return { keys }
    } catch (error) {
      if (error instanceof PrefixError) return failed(`The prefix with the partition keys: ${error.message}`)
      throw error
    }
  }
}

const failed = (errorMessage: string): { reason: Reason } => ({
  reason: {
    outputType: 'processing-failed',
    errorCode: 'DynamicPartitioning.S3PrefixEvaluationFailed',
    errorMessage,
  },
})
