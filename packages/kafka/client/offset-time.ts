/** Times as Kafka's ListOffsets takes them. */
import { EARLIEST, LATEST } from './protocol/offsets.ts'

/**
 * Turns a time before 1970 into the beginning of the log, since Kafka gives negative times other meanings (-1
 * is the end).
 * @param place ms since the epoch, or one end of the log
 */
export function offsetTime(place: number | 'earliest' | 'latest'): number {
  if (place === 'latest') return LATEST
  if (place === 'earliest' || place < 0) return EARLIEST
  return Math.min(Math.ceil(place), Number.MAX_SAFE_INTEGER)
}
