/** A kind of sinks: what the table in sinks.ts lists. */
import type { Readiness } from '@weir/service'
import type { SinkDeps, SinkWriter } from '@weir/sinks'
import type { SinkDefinition } from '@weir/solutions/solution.ts'
import type { SearchEngine } from './engines/engine.ts'

export interface SinksDeps extends Omit<SinkDeps, 'producer'> {
  readonly engine: SearchEngine
  /** Copies of every shard in addition to the primary. */
  readonly replicas: number
}

/** The sinks of one kind of destination, and what they share. */
export interface SinkKind {
  /** The readiness of what they share. */
  readonly ready: Readiness
  writer(name: string, definition: SinkDefinition): Promise<SinkWriter>
  /** Records that were not delivered yet are delivered again, by this replica or another. */
  stop(): void
}

/** @param definitions those of the kind */
export type OpenKind = (definitions: readonly SinkDefinition[], deps: SinksDeps) => SinkKind
