/**
 * Tracks the records that a sink holds back because their target is at fault, and reports them in the log and
 * on /readyz until the fault is fixed.
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

export interface HoldsOptions {
  readonly sink: string
  /** The destination's word for a record, in the singular: document. */
  readonly unit: string
  readonly log: Pick<Logger, 'error' | 'info'>
}

export class Holds {
  readonly #options: HoldsOptions
  readonly #reminder = new Reminder()
  readonly #byPartition = new Map<number, Hold>()

  constructor(options: HoldsOptions) {
    this.#options = options
  }

  hold(partition: number, fault: Fault, records: number): void {
    this.#byPartition.set(partition, { fault, records })
    const { target, type, reason, remedy } = fault
    if (!this.#reminder.due(`${target} ${type}`)) return
    const { sink, unit, log } = this.#options
    log.error(
      { sink, partition, target, type, reason, remedy },
      `${target} does not accept ${unit}s (${type}); they wait and will resume without intervention. To do: ${remedy}`,
    )
  }

  /** The partition's batch is done, or was handed over to another replica. */
  release(partition: number): void {
    if (!this.#byPartition.delete(partition) || this.#byPartition.size > 0) return
    this.#reminder.forget()
    const { sink, unit, log } = this.#options
    log.info({ sink }, `this replica no longer holds back ${unit}s`)
  }

  /**
   * The faults, and how many records wait for each; undefined if there are none. Anyone may read /readyz, so
   * the destination's message, which may repeat a record, appears only in the log.
   */
  get reason(): string | undefined {
    const because = ({ target, type, remedy }: Fault) => `because of ${target} (${type}): ${remedy}`
    const byFault = Map.groupBy(this.#byPartition.values(), ({ fault }) => because(fault))
    const reasons = [...byFault].slice(0, MAX_FAULTS).map(([cause, holds]) => {
      const records = holds.reduce((sum, hold) => sum + hold.records, 0)
      const { unit } = this.#options
      return `${records} ${records === 1 ? `${unit} waits` : `${unit}s wait`} ${cause}`
    })
    return reasons.length > 0 ? reasons.join('; ') : undefined
  }
}
