/** All tables, as this replica knows them, and changes of them. */
import type { Codec } from '@weir/codec'
import { openControlLog } from '@weir/control'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import { checks, type Table } from './entries.ts'

const TOPIC = 'weir.control.tables'

export interface Definitions {
  /** Tables by their names. */
  readonly byName: ReadonlyMap<string, Table>
  /** Tables by their ids. */
  readonly byId: ReadonlyMap<string, Table>
  /**
   * Replaces the table by what `decide` returns; undefined removes it. No other decision comes in between. `decide` may
   * run several times; its errors are thrown here.
   */
  change(name: string, decide: (table: Table | undefined) => Table | undefined): Promise<void>
  /** Resolves when everything that was decided before the call is known here. */
  catchUp(): Promise<void>
  ready(): boolean
}

export interface DefinitionsOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

export async function openDefinitions(options: DefinitionsOptions): Promise<Resource<Definitions>> {
  const byName = new Map<string, Table>()
  const byId = new Map<string, Table>()
  const control = await openControlLog({
    ...options,
    topic: TOPIC,
    checks,
    apply({ id: name, state }) {
      const before = byName.get(name)
      if (before !== undefined) byId.delete(before.id)
      byName.delete(name)
      if (state === undefined) return
      const table = state as Table
      byName.set(name, table)
      byId.set(table.id, table)
    },
  })
  return {
    value: {
      byName,
      byId,
      change: (name, decide) =>
        control.write(
          () => {
            const before = byName.get(name)
            const after = decide(before)
            return before === after ? [] : [{ kind: 'table', id: name, value: after }]
          },
          { changes: [name] },
        ),
      catchUp: () => control.catchUp(),
      ready: () => control.ready(),
    },
    stop: () => control.stop(),
  }
}
