/** A replica that follows a control log, as streams and functions do, and counters that it keeps there. */
import { integer, object, read } from '@weir/topics/shape.ts'
import { type Connections, openConnections } from '@weir/topics/testing/connections.ts'
import { type ControlEntry, type ControlLog, type ControlOptions, openControlLog } from '../index.ts'

/** Topics are the tests' own; they have the contract of every control log. */
export const CONTRACT = 'weir.control.functions'

export interface Replica {
  readonly log: ControlLog
  /** The states by KIND/ID. */
  readonly state: Map<string, unknown>
  /** The entries that were applied, in order. */
  readonly applied: string[]
  readonly warnings: Record<string, unknown>[]
  /** Decides that the counter is one more than it is. */
  raise(id?: string): Promise<void>
  countOf(id?: string): number
}

const counter = object({ count: integer({ min: 0, max: 1000 }) })

/** Applying this counter throws. */
export const REFUSED = 'refused'

export async function openReplica(
  { kafka, codec }: Pick<Connections, 'kafka' | 'codec'>,
  topic: string,
): Promise<Replica> {
  const state = new Map<string, unknown>()
  const applied: string[] = []
  const warnings: Record<string, unknown>[] = []
  const apply = ({ kind, id, state: value }: ControlEntry): void => {
    if (id === REFUSED) throw new Error('This counter is not kept here.')
    applied.push(`${kind}/${id}=${JSON.stringify(value)}`)
    if (value === undefined) state.delete(`${kind}/${id}`)
    else state.set(`${kind}/${id}`, value)
  }
  const log = await openControlLog({
    kafka,
    codec,
    topic: topic as ControlOptions['topic'],
    log: { warn: (details, message) => warnings.push({ ...details, message }) },
    checks: { counter: (found) => void read(counter, found, 'ignored') },
    apply,
  })
  const countOf = (id = 'x'): number =>
    (state.get(`counter/${id}`) as { count: number } | undefined)?.count ?? 0
  return {
    log,
    state,
    applied,
    warnings,
    countOf,
    raise: (id = 'x') => log.write(() => [{ kind: 'counter', id, value: { count: countOf(id) + 1 } }]),
  }
}

/** Run as a process: raises the counter for ever, and says so, until it is killed. */
if (process.argv[1] === import.meta.filename) {
  const [topic, driver] = process.argv.slice(2)
  const one = await openReplica(await openConnections(CONTRACT, driver as 'platformatic'), topic)
  for (;;) {
    await one.raise()
    process.send!(one.countOf())
  }
}
