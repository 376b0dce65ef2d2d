import type { Readiness } from '@weir/service'
import type { FlowDefinition } from '@weir/solutions'
import { newRowViews } from './rows.ts'
import { type FlowResources, runFlow } from './run-flow.ts'

export interface Flows {
  /** Flows by name: true while the flow is in its group and not paused, otherwise the reason. */
  readonly ready: Readiness
}

/** Runs the flows side by side, each as its own consumer group. */
export async function openFlows(
  definitions: readonly FlowDefinition[],
  resources: Omit<FlowResources, 'rows'>,
): Promise<{ value: Flows; stop(drainMs: number): Promise<void> }> {
  const rows = newRowViews(resources)
  const running = await Promise.all(
    definitions.map(
      async (definition) => [definition.name, await runFlow(definition, { ...resources, rows })] as const,
    ),
  )
  const flows = Object.fromEntries(running.map(([name, flow]) => [`flow ${name}`, flow.value.ready]))
  return {
    value: { ready: { ...flows, 'rows of tables': rows.ready } },
    stop: async (drainMs) => {
      await Promise.all(running.map(([, flow]) => flow.stop(drainMs)))
      await rows.stop()
    },
  }
}
