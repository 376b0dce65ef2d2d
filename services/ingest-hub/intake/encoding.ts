/** Checks and encodes the values and keys of records, whichever door they came through. */
import { InvalidValue } from '@weir/codec'
import { MAX_VALUE_BYTES } from '@weir/contracts/topic-configs.ts'
import type { RecordError } from './errors.ts'
import type { IntakeTopic } from './intake.ts'

/**
 * How far a device's clock may run ahead. A record further in the future would be at the top of every
 * newest-first list.
 */
export const MAX_AHEAD_MS = 5 * 60_000
/** Keys are stored beside the value in the record and in dead letters; no id is longer than this. */
const MAX_KEY_BYTES = 4096
export const KEY_TOO_LARGE = `The key may have at most ${MAX_KEY_BYTES} bytes.`
/** A UTF-16 code unit takes at most three bytes of UTF-8; the writer requires that much room. */
const ROOM = 3

/**
 * Shared by all: a record is encoded and appended without yielding in between. The operating system allocates
 * pages only as far as they are written.
 */
export const values: Buffer = Buffer.allocUnsafeSlow(MAX_VALUE_BYTES * ROOM)
export const keys: Buffer = Buffer.allocUnsafeSlow(MAX_KEY_BYTES * ROOM)

/** Why a value does not become a record of the topic. */
export type Refusal = Required<Pick<RecordError, 'code' | 'field' | 'message'>>

/**
 * Writes the value to `values`, and returns its end there.
 * @param latest the latest event time that is allowed, ms since the epoch
 */
export function encodeValue(
  { writer, hasEventTime }: IntakeTopic,
  value: Readonly<Record<string, unknown>>,
  latest: number,
): number | Refusal {
  let end: number
  try {
    end = writer.encode(value, values, 0)
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
    return { code: 'invalid-value', field: error.field || 'value', message: error.message }
  }
  if (end < 0 || end > MAX_VALUE_BYTES)
    return {
      code: 'too-large',
      field: 'value',
      message: `A value may have at most ${MAX_VALUE_BYTES} bytes when encoded; store large data elsewhere and send a reference to it.`,
    }
  if (hasEventTime && (value.eventTime as number) > latest)
    return {
      code: 'event-time-ahead',
      field: 'eventTime',
      message:
        "The event time is more than 5 minutes ahead of this service's clock; set the device's clock, and send milliseconds since the epoch.",
    }
  return end
}

/** Writes the key to `keys`, and returns its end there; -1 if it is too large. */
export function writeKey(text: string): number {
  const end = text.length > MAX_KEY_BYTES ? keys.length : keys.write(text, 0)
  return end > MAX_KEY_BYTES ? -1 : end
}
