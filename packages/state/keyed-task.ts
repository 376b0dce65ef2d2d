/** A task with states of keys: what it writes, its states and the offset of its input change together. */
import type { Appender, Position, RecordBatch, Task } from '@weir/kafka'
import { MAX_KEY_BYTES } from './disk.ts'
import type { KeyedState } from './keyed-state.ts'

/** The work of a partition. After a failure it begins again, with the states of the last commit. */
export interface KeyedWork<V> {
  /** Called when the states are known, and before anything else. */
  begin?(state: KeyedState<V>, positions: readonly Position[]): Promise<void> | void
  process(batch: RecordBatch, state: KeyedState<V>, out: Appender, signal: AbortSignal): Promise<void> | void
  /** Called about ten times a second, whether records come or not. @param now ms since the epoch */
  tick?(now: number, state: KeyedState<V>, out: Appender, signal: AbortSignal): Promise<void> | void
}

/**
 * @param erasures the input topic whose records ask to erase the states of their keys. The work does not see them, and
 * finds no state any more.
 */
export function keyedTask<V>(state: KeyedState<V>, work: KeyedWork<V>, erasures?: string): Task {
  return {
    async begin(positions, signal) {
      await state.begin(signal)
      await work.begin?.(state, positions)
    },
    async process(batch, out, signal) {
      state.turn(out)
      if (batch.topic === erasures) erase(batch, state)
      else await work.process(batch, state, out, signal)
      state.write(out)
    },
    async tick(now, out, signal) {
      state.turn(out)
      await work.tick?.(now, state, out, signal)
      state.write(out)
    },
    end: () => state.close(),
  }
}

/** The empty key is not one of clients: windows keep what concerns the whole partition there. */
function erase(
  { length, bytes, keyStart, keyEnd, valueStart }: RecordBatch,
  state: Pick<KeyedState<unknown>, 'erase'>,
): void {
  for (let i = 0; i < length; i++) {
    const keyLength = keyStart[i] < 0 ? 0 : keyEnd[i] - keyStart[i]
    if (valueStart[i] < 0 || keyLength === 0 || keyLength > MAX_KEY_BYTES) continue
    state.erase(bytes, keyStart[i], keyEnd[i])
  }
}
