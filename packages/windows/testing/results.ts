/** Computes the results of windows from records in their order, without Kafka. */
import { MemoryStates } from '@weir/state/memory-states.ts'
import { timersOf, type WindowDefinition, WindowOperator, type WindowState } from '../index.ts'

/** Each record is [key, time in ms, value], and arrives at its time. */
export function resultsOf<V, R>(
  definition: WindowDefinition<V, any, R>,
  records: readonly (readonly [key: string, timeMs: number, value: V])[],
): R[] {
  const results: R[] = []
  const states = new MemoryStates<WindowState<any>>((state) => timersOf(state, definition))
  const operator = new WindowOperator(definition, states, (result) => results.push(result))
  operator.begin(0)
  for (const [name, timeMs, value] of records) {
    const key = Buffer.from(name)
    operator.add(key, 0, key.length, value, timeMs, timeMs)
  }
  return results
}
