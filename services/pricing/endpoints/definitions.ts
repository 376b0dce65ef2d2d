/** All endpoints, as this replica knows them. */
import type { Codec } from '@weir/codec'
import { openControlLog } from '@weir/control'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import { checks, type EndpointState } from './entries.ts'

const TOPIC = 'weir.control.endpoints'

export interface Definitions {
  readonly byName: ReadonlyMap<string, EndpointState>
  /**
   * Replaces the endpoint by what `decide` returns; undefined removes it. No other decision comes in between. `decide`
   * may run several times; its errors are thrown here.
   */
  change(
    name: string,
    decide: (endpoint: EndpointState | undefined) => EndpointState | undefined,
  ): Promise<void>
  /** Resolves when everything that was decided before the call is known here. */
  catchUp(): Promise<void>
  ready(): boolean
}

export interface DefinitionsOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
  /** Called for each change, also those that were decided before; with undefined for an endpoint that is deleted. */
  readonly changed: (name: string, endpoint: EndpointState | undefined) => void
}

export async function openDefinitions({
  changed,
  ...options
}: DefinitionsOptions): Promise<Resource<Definitions>> {
  const byName = new Map<string, EndpointState>()
  const control = await openControlLog({
    ...options,
    topic: TOPIC,
    checks,
    apply({ id: name, state }) {
      const endpoint = state as EndpointState | undefined
      if (endpoint === undefined) byName.delete(name)
      else byName.set(name, endpoint)
      changed(name, endpoint)
    },
  })
  return {
    value: {
      byName,
      change: (name, decide) =>
        control.write(
          () => {
            const before = byName.get(name)
            const after = decide(before)
            return before === after ? [] : [{ kind: 'endpoint', id: name, value: after }]
          },
          { changes: [name] },
        ),
      catchUp: () => control.catchUp(),
      ready: () => control.ready(),
    },
    stop: () => control.stop(),
  }
}
