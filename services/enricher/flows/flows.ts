import type { Readiness } from '@weir/service'
import type { FlowDefinition } from '@weir/solutions'
import { type FlowResources, runFlow } from './run-flow.ts'

export interface Flows {
  /** Flows by name: true while the flow is in its group and not paused, otherwise the reason. */
  readonly ready: Readiness
}

/** Runs the flows side by side, each as its own consumer group. */
export async function openFlows(
  definitions: readonly FlowDefinition[],
  resources: FlowResources,
): Promise<{ value: Flows; stop(drainMs: number): Promise<void> }> {
  const running = await Promise.all(
    definitions.map(async (definition) => [definition.name, await runFlow(definition, resources)] as const),
  )
  return {
    value: { ready: Object.fromEntries(running.map(([name, flow]) => [`flow ${name}`, flow.value.ready])) },
    stop: async (drainMs) => {
      await Promise.all(running.map(([, flow]) => flow.stop(drainMs)))
    },
  }
}
