/**
 * Ends what a test process leaves behind, should it be killed before it could do so itself. Started by
 * lifeline.ts with a pipe as standard input: each line names a process, a run's containers or a folder; the
 * pipe's end means that their owner is gone.
 */
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { removeContainers } from './docker.ts'
import type { Belonging } from './lifeline.ts'
import { endProcess } from './process.ts'

// The owner's Ctrl-C is not ours: we end with the pipe.
process
  .on('SIGINT', () => {})
  .on('SIGTERM', () => {})
  .on('SIGHUP', () => {})

const belongings: Belonging[] = []
for await (const line of createInterface({ input: process.stdin })) belongings.push(JSON.parse(line))

/** A whole stack among them needs so long to stop in order. */
const GRACE = 60_000

await Promise.all(
  belongings.map((belonging) => ('pid' in belonging ? endProcess(belonging, GRACE) : undefined)),
)
for (const belonging of belongings)
  if ('containersOfRun' in belonging) await removeContainers(belonging.containersOfRun)
for (const belonging of belongings)
  if ('folder' in belonging) rmSync(belonging.folder, { recursive: true, force: true })
