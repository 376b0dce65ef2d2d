import type { Readiness, Resource } from '@weir/service'
import type { IndexDefinition } from '@weir/solutions/solution.ts'
import type { SearchEngine } from '../engines/engine.ts'
import { Bulker } from './bulker.ts'
import { openSink, type Sink, type SinkDeps } from './sink.ts'
import { indexTemplate } from './template.ts'

export interface Sinks {
  /** The readiness of the search engine and of each sink: true, or the reason why not. */
  readonly ready: Readiness
}

/** The time reserved for the rest of a stop once the batches have ended. */
const LEAVE_MS = 1500

export interface SinksDeps extends Omit<SinkDeps, 'bulker' | 'producer'> {
  readonly engine: SearchEngine
  /** Copies of every shard in addition to the primary. */
  readonly replicas: number
}

/**
 * Runs the sinks side by side. They share the bulk requests and the limit on requests in flight, since they
 * share the engine. If the engine is down, the sinks wait for it.
 */
export async function openSinks(
  definitions: readonly IndexDefinition[],
  { engine, replicas, ...deps }: SinksDeps,
): Promise<Resource<Sinks>> {
  const prepare = async (): Promise<void> => {
    for (const definition of definitions) await engine.putTemplate(indexTemplate(definition, replicas))
  }
  const producer = await deps.kafka.producer()
  const bulker = new Bulker({ engine, prepare, log: deps.log })
  const sinks: Resource<Sink>[] = []

  async function stop(drainMs: number): Promise<void> {
    // Without the engine no batch will end, so the batches are left to the next consumer of their partitions.
    // With it, some time is reserved for leaving the groups.
    const patience = bulker.ready === true ? Math.max(0, drainMs - LEAVE_MS) : 0
    await Promise.all(sinks.map((sink) => sink.stop(patience)))
    bulker.stop()
    await producer.stop(drainMs)
  }

  try {
    for (const definition of definitions)
      sinks.push(await openSink(definition, { ...deps, producer, bulker }))
  } catch (error) {
    await stop(0)
    throw error
  }
  const ready = Object.fromEntries(sinks.map(({ value }, i) => [`sink ${definitions[i].name}`, value.ready]))
  return { value: { ready: { search: () => bulker.ready, ...ready } }, stop }
}
