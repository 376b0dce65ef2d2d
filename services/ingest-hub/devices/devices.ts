/** Passes messages of devices to takers. A message is stored when each taker has done its part. */
import type { DeviceMessage, DeviceMessages } from './message.ts'

/** An entry for each message: undefined if it is stored, otherwise the reason why it is not. */
type Outcomes = readonly (Error | undefined)[]

/**
 * Does a part of what messages lead to. Resolves when it is stored, with an entry for each message; undefined
 * if it has nothing to do for any of them.
 */
export type Taker = (messages: readonly DeviceMessage[]) => Promise<Outcomes> | undefined

/** The message is not stored, however often it is sent. The text is for its sender. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly retriable = false
}

export function joinTakers(takers: readonly Taker[]): DeviceMessages {
  return {
    // Nothing holds the messages while they are stored: each collection of young objects would copy them.
    publish(messages) {
      const pending: Promise<Outcomes>[] = []
      for (const take of takers) {
        const outcomes = outcomesOf(take, messages)
        if (outcomes !== undefined) pending.push(outcomes)
      }
      return joined(pending, messages.length)
    },
  }
}

function outcomesOf(take: Taker, messages: readonly DeviceMessage[]): Promise<Outcomes> | undefined {
  const failed = failure(messages.length)
  try {
    return take(messages)?.catch(failed)
  } catch (error) {
    return Promise.resolve(failed(error))
  }
}

const failure =
  (messages: number) =>
  (error: unknown): Outcomes =>
    Array<Error>(messages).fill(error as Error)

async function joined(pending: readonly Promise<Outcomes>[], messages: number): Promise<Outcomes> {
  if (pending.length === 0) return Array<undefined>(messages).fill(undefined)
  const [first, ...others] = await Promise.all(pending)
  if (others.length === 0) return first
  return Array.from(
    { length: messages },
    (_, i) => first[i] ?? others.find((outcomes) => outcomes[i] !== undefined)?.[i],
  )
}
