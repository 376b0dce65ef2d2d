/** The configuration of a topic of the table on the broker, as far as it does not depend on the cluster. */
import { DEAD_LETTER, type Topic } from './topics.ts'

const HOUR_MS = 3_600_000

/** The largest value that a door accepts. */
export const MAX_VALUE_BYTES = 1 << 20

/**
 * max.message.bytes bounds a whole record batch as stored. In addition to one value of the largest size, it
 * must have room for the key, the headers and the batch's own 61 bytes. 64 KiB are more than doors let those
 * grow to. Flows write a dead letter for a record that would be larger.
 */
export const MAX_BATCH_BYTES = MAX_VALUE_BYTES + (64 << 10)

/**
 * The same for dead letters. A dead letter contains its original whole; with less room, the largest records of
 * the doors would be cut.
 */
export const MAX_DEAD_LETTER_BATCH_BYTES = MAX_BATCH_BYTES + (128 << 10)

/**
 * LogAppendTime: a record's timestamp is its time of arrival; the event's time is in the value. Compacted
 * topics are read whole at every start, so their segments are small and cleaned early.
 */
export function topicConfigs(topic: Topic): Record<string, string> {
  return {
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': String(topic.value === DEAD_LETTER ? MAX_DEAD_LETTER_BATCH_BYTES : MAX_BATCH_BYTES),
    ...(topic.retentionHours === 'compact'
      ? {
          'cleanup.policy': 'compact',
          'segment.ms': String(HOUR_MS),
          'segment.bytes': String(16 << 20),
          'min.cleanable.dirty.ratio': '0.1',
        }
      : { 'cleanup.policy': 'delete', 'retention.ms': String(topic.retentionHours * HOUR_MS) }),
  }
}
