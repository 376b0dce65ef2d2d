/** Ties processes, containers and folders to the life of this process, however it ends. */

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Known } from './process.ts'
import { startTimeOf } from './process.ts'

export type Belonging = Known | { readonly containersOfRun: string } | { readonly folder: string }

let reaper: ChildProcess | undefined

/** Ends the process when this one ends. */
export function tieProcess(pid: number): void {
  const startTime = startTimeOf(pid)
  if (startTime !== undefined) tell({ pid, startTime })
}

/** Removes the containers of a test run (docker.ts) when this process ends. */
export function tieContainers(run: string): void {
  tell({ containersOfRun: run })
}

/** Removes the folder when this process ends, after the tied processes have ended. */
export function tieFolder(folder: string): void {
  tell({ folder })
}

function tell(belonging: Belonging): void {
  reaper ??= startReaper()
  reaper.stdin!.write(`${JSON.stringify(belonging)}\n`)
}

function startReaper(): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'reaper.ts')], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  })
  child.unref()
  const pipe = child.stdin as typeof child.stdin & { unref(): void }
  pipe.unref()
  return child
}
