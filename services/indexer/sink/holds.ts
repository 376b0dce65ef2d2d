/**
 * Tracks the records that a sink holds back because an index is at fault, and reports them in the log and on
 * /readyz until the fault is fixed.
 */
import type { Logger } from '@weir/service'
import { Reminder } from './reminder.ts'
import type { Fault } from './settlement.ts'

/** The maximum number of faults listed on /readyz. */
const MAX_FAULTS = 3

interface Hold {
  readonly fault: Fault
  readonly records: number
}

export class Holds {
  readonly #sink: string
  readonly #log: Pick<Logger, 'error' | 'info'>
  readonly #reminder = new Reminder()
  readonly #byPartition = new Map<number, Hold>()

  constructor(sink: string, log: Pick<Logger, 'error' | 'info'>) {
    this.#sink = sink
    this.#log = log
  }

  hold(partition: number, fault: Fault, records: number): void {
    this.#byPartition.set(partition, { fault, records })
    const { index, type, reason, remedy } = fault
    if (!this.#reminder.due(`${index} ${type}`)) return
    this.#log.error(
      { sink: this.#sink, partition, index, type, reason, remedy },
      `${index} does not take documents (${type}); they wait, and go on by themselves. To do: ${remedy}`,
    )
  }

  /** The partition's batch is done, or was handed over to another replica. */
  release(partition: number): void {
    if (!this.#byPartition.delete(partition) || this.#byPartition.size > 0) return
    this.#reminder.forget()
    this.#log.info({ sink: this.#sink }, 'this replica holds no documents back any more')
  }

  /**
   * The faults, and how many documents wait for each; undefined if there are none. Anyone may read /readyz,
   * so the engine's message, which may repeat a document, appears only in the log.
   */
  get reason(): string | undefined {
    const because = ({ index, type, remedy }: Fault) => `because of ${index} (${type}): ${remedy}`
    const byFault = Map.groupBy(this.#byPartition.values(), ({ fault }) => because(fault))
    const told = [...byFault].slice(0, MAX_FAULTS).map(([cause, holds]) => {
      const records = holds.reduce((sum, hold) => sum + hold.records, 0)
      return `${records} ${records === 1 ? 'document waits' : 'documents wait'} ${cause}`
    })
    return told.length > 0 ? told.join('; ') : undefined
  }
}
