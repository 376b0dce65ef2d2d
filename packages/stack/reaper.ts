/**
 * Cleans up after a test process that was killed before it could do so itself. Started by lifeline.ts with a
 * pipe as standard input. Each line names a process, a run's containers or a folder; the end of the pipe
 * means that their owner is gone.
 */
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { removeContainers } from './docker.ts'
import type { Belonging } from './lifeline.ts'
import { endProcess } from './process.ts'

// Ignore the owner's Ctrl-C: this process ends with the pipe.
process
  .on('SIGINT', () => {})
  .on('SIGTERM', () => {})
  .on('SIGHUP', () => {})

const belongings: Belonging[] = []
for await (const line of createInterface({ input: process.stdin })) belongings.push(JSON.parse(line))

/** In ms: a whole stack may be among the processes, and needs this long to stop in order. */
const GRACE = 60_000

await Promise.all(
  belongings.map((belonging) => ('pid' in belonging ? endProcess(belonging, GRACE) : undefined)),
)
for (const belonging of belongings)
  if ('containersOfRun' in belonging) await removeContainers(belonging.containersOfRun)
for (const belonging of belongings)
  if ('folder' in belonging) rmSync(belonging.folder, { recursive: true, force: true })
