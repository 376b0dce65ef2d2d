import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { WorkerOptions } from './worker.ts'

const SCRIPT = new URL('./worker.ts', import.meta.url)

export interface Worker {
  /** Resolves when the worker is in its group and reads. */
  readonly ready: Promise<unknown>
  /** Resolves when its first handler call waits in the middle. */
  readonly holding: Promise<unknown>
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGSTOP, like a machine that hangs. */
  freeze(): void
  /** SIGCONT, and lets a waiting handler continue. */
  thaw(): void
  /** SIGTERM: the worker drains and leaves the group. */
  stop(): Promise<void>
}

export function startWorker(options: WorkerOptions): Worker {
  const child = fork(SCRIPT, [JSON.stringify(options)], {
    execArgv: ['--max-old-space-size=128'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await exited
  }
  return {
    ready: said(child, (message) => message === 'ready'),
    holding: said(child, (message) => typeof message === 'object'),
    kill: () => end('SIGKILL'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw() {
      child.kill('SIGCONT')
      child.send('go on', () => {}) // the worker may be dead already
    },
    stop: () => end('SIGTERM'),
  }
}

function said(child: ChildProcess, what: (message: unknown) => boolean): Promise<void> {
  return new Promise((resolve) => child.on('message', (message) => what(message) && resolve()))
}
