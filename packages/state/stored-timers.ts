import type { RecordBatch } from '@weir/kafka'
import type { StateStore } from './state-store.ts'
import { NO_TIMERS, type Timers } from './timers.ts'

/**
 * Returns the timers of the state in a record of the changelog. A state that cannot be read has none, and refuses the
 * records of its key.
 */
export function timersIn<V>(
  { reader, timers, log, topic }: StateStore<V>,
  { bytes, partition, offsets, valueStart, valueEnd }: RecordBatch,
  index: number,
): Timers {
  try {
    return timers(reader.decode(bytes, valueStart[index], valueEnd[index]))
  } catch (error) {
    log.warn({ err: error, topic, partition, offset: offsets[index] }, 'a state cannot be read')
    return NO_TIMERS
  }
}
