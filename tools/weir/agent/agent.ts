/** All flows of an agent, and its status lines. */
import type { Logger } from '@weir/service'
import { Checkpoints } from './checkpoints.ts'
import type { AgentConfig } from './config.ts'
import { Flow } from './flow.ts'

const STATUS_MS = 30_000

/** Runs until the signal aborts. Throws Refused if another agent has its checkpoints. */
export async function runAgent(config: AgentConfig, log: Logger, stopping: AbortSignal): Promise<void> {
  const checkpoints = new Checkpoints(config.checkpointFile, log)
  const flows = config.flows.map((flow) => ({ flow, running: new Flow({ config, flow, checkpoints, log }) }))
  const status = (): void => {
    for (const { flow, running } of flows)
      log.info(
        { flow: flow.at, stream: flow.stream, ...running.counts, behindBytes: running.behindBytes },
        'sent so far',
      )
  }
  const timer = setInterval(status, STATUS_MS)
  try {
    await Promise.all(flows.map(({ running }) => running.run(stopping)))
    status()
  } finally {
    clearInterval(timer)
    checkpoints.close()
  }
}
