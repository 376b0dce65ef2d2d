/** How a topic of the table is laid out on the broker, where that does not depend on the cluster. */
import type { Topic } from './topics.ts'

const HOUR_MS = 3_600_000

/** The largest value that a door accepts. */
export const MAX_VALUE_BYTES = 1 << 20

/**
 * max.message.bytes bounds a whole record batch as stored. Beside one largest value it must hold the key, the headers and the batch's own 61 bytes:
 * 64 KiB are more than doors and steps let those grow to.
 */
export const MAX_BATCH_BYTES = MAX_VALUE_BYTES + (64 << 10)

/** A dead letter holds its original whole, whoever wrote that: with less room the largest records could not be given up and would block their partition. */
const ENVELOPE_BYTES = 128 << 10

/** LogAppendTime: the record's timestamp is its arrival; the event's time is in the value. */
export function topicConfigs(topic: Topic): Record<string, string> {
  return {
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': String(MAX_BATCH_BYTES + (topic.value === 'weir/dead-letter' ? ENVELOPE_BYTES : 0)),
    ...(topic.retention === 'compact'
      ? { 'cleanup.policy': 'compact' }
      : { 'cleanup.policy': 'delete', 'retention.ms': String(topic.retention * HOUR_MS) }),
  }
}
