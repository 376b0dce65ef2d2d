/** What a sink holds back because an index, not a document, is at fault: told in the log and on /readyz until it is mended. */
import type { Logger } from '@weir/service'
import { Reminder } from './reminder.ts'
import type { Fault } from './settlement.ts'

/** Faults that are told on /readyz at once. */
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
    this.#log.error({ sink: this.#sink, partition, index, type, reason, remedy },
      `${index} does not take documents (${type}); they wait, and go on by themselves. To do: ${remedy}`)
  }

  /** The partition's batch is done, or handed over to another replica. */
  release(partition: number): void {
    if (!this.#byPartition.delete(partition) || this.#byPartition.size > 0) return
    this.#reminder.forget()
    this.#log.info({ sink: this.#sink }, 'this replica holds no documents back any more')
  }

  /** The faults, and how many documents wait for each; undefined when there are none. The engine's own words are for the log: they may repeat a document. */
  get reason(): string | undefined {
    const byFault = Map.groupBy(this.#byPartition.values(), ({ fault: { index, type, remedy } }) => `because of ${index} (${type}): ${remedy}`)
    const told = [...byFault].slice(0, MAX_FAULTS).map(([because, holds]) => {
      const records = holds.reduce((sum, hold) => sum + hold.records, 0)
      return `${records} ${records === 1 ? 'document waits' : 'documents wait'} ${because}`
    })
    return told.length > 0 ? told.join('; ') : undefined
  }
}
