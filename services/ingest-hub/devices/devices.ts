/** Passes messages of devices to takers. A message is stored when each taker has done its part. */
import type { DeviceMessage, DeviceMessages } from './message.ts'

/**
 * Does a part of what messages lead to. Resolves when it is stored, with an entry for each message; undefined
 * if it has nothing to do for any of them.
 */
export type Taker = (
  messages: readonly DeviceMessage[],
) => Promise<readonly (Error | undefined)[]> | undefined

/** The message is not stored, however often it is sent. The text is for its sender. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly retriable = false
}

export function joinTakers(takers: readonly Taker[]): DeviceMessages {
  return {
    async publish(messages) {
      const failed = (error: unknown): (Error | undefined)[] => messages.map(() => error as Error)
      const pending = takers.flatMap((take) => {
        try {
          return take(messages)?.catch(failed) ?? []
        } catch (error) {
          return Promise.resolve(failed(error))
        }
      })
      if (pending.length === 0) return messages.map(() => undefined)
      const [first, ...others] = await Promise.all(pending)
      return others.length === 0
        ? first
        : messages.map((_, i) => first[i] ?? others.find((outcome) => outcome[i] !== undefined)?.[i])
    },
  }
}
