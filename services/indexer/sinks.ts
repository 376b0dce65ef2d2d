/** The sinks of the solutions, side by side, whatever their destinations are. */
import type { Readiness, Resource } from '@weir/service'
import { openSink } from '@weir/sinks'
import type { SinkDefinition } from '@weir/solutions/solution.ts'
import type { RunningStage } from '@weir/topics'
import { openIndices } from './indices/open.ts'
import type { OpenKind, SinkKind, SinksDeps } from './sink-kind.ts'

/** How to open the sinks of a kind, by the name of their destination in `to`. Each kind has a folder. */
const KINDS: Readonly<Record<keyof SinkDefinition['to'], OpenKind>> = { index: openIndices }

export interface Sinks {
  /** The readiness of the destinations and of each sink: true, or the reason why not. */
  readonly ready: Readiness
}

export async function openSinks(
  definitions: readonly SinkDefinition[],
  deps: SinksDeps,
): Promise<Resource<Sinks>> {
  const producer = await deps.kafka.producer()
  const kinds: SinkKind[] = []
  const sinks: Resource<RunningStage>[] = []
  const ready: Record<string, () => boolean | string> = {}

  async function stop(drainMs: number): Promise<void> {
    await Promise.all(sinks.map((sink) => sink.stop(drainMs)))
    for (const kind of kinds) kind.stop()
    await producer.stop(drainMs)
  }

  async function openKind(kind: SinkKind, own: readonly SinkDefinition[]): Promise<void> {
    kinds.push(kind)
    Object.assign(ready, kind.ready)
    for (const definition of own) {
      const name = `indexer.${definition.name}`
      const writer = await kind.writer(name, definition)
      const sink = await openSink({ ...definition, name, writer }, { ...deps, producer })
      sinks.push(sink)
      ready[`sink ${definition.name}`] = sink.value.ready
    }
  }

  try {
    for (const [to, open] of Object.entries(KINDS)) {
      const own = definitions.filter((definition) => to in definition.to)
      if (own.length > 0) await openKind(open(own, deps), own)
    }
  } catch (error) {
    await stop(0)
    throw error
  }
  return { value: { ready }, stop }
}
