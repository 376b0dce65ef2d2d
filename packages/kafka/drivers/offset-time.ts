/** What ListOffsets is asked for a place in a log. */
import { EARLIEST, LATEST } from './platformatic/protocol/offsets.ts'

/**
 * Kafka gives negative times meanings of its own (-1 is the end of the log), so a time before 1970 becomes the beginning.
 * @param place ms since the epoch, or one end of the log
 */
export function offsetTime(place: number | 'earliest' | 'latest'): number {
  if (place === 'latest') return LATEST
  if (place === 'earliest' || place < 0) return EARLIEST
  return Math.min(Math.ceil(place), Number.MAX_SAFE_INTEGER)
}
