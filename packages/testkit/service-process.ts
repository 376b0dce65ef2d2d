/** Runs a service of Weir as a separate process, on a free port of the loopback address. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ANY_FURTHER_PORTS } from '@weir/contracts/services.ts'
import { probeService } from '@weir/service/probe.ts'
import { tieProcess } from '@weir/stack/lifeline.ts'

export interface ServiceProcess {
  readonly url: string
  readonly pid: number
  /** All lines that it has logged so far. */
  logs(): Record<string, unknown>[]
  kill(signal: NodeJS.Signals): void
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>
}

const READY_MS = 90_000

/** Resolves when the service is ready. Rejects if it is not within READY_MS. */
export async function untilReady({ url }: Pick<ServiceProcess, 'url'>): Promise<void> {
  const deadline = Date.now() + READY_MS
  for (;;) {
    const { state, reason } = await probeService(url, 2000)
    if (state === 'ready') return
    if (Date.now() > deadline) throw new Error(`${url} was not ready within ${READY_MS / 1000} s: ${reason}`)
    await pause(100)
  }
}

/** Starts the service of this folder under services/, and resolves when it listens. Node gets the same options as in a stack. */
export async function startService(
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  const main = fileURLToPath(new URL(`../../services/${name}/main.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--max-semi-space-size=8', main], {
    env: {
      ...process.env,
      ...ANY_FURTHER_PORTS,
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: '0',
      LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // A test that fails before it stops the service leaves it behind.
  tieProcess(child.pid!)
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  let out = ''
  const listening = new Promise<string>((resolve) => {
    child.stdout.on('data', (data) => {
      out += data
      const url = /listening at (\S+?)"/.exec(out)?.[1]
      if (url !== undefined) resolve(url)
    })
  })
  const url = await Promise.race([listening, exited])
  if (typeof url !== 'string') throw new Error(`The service ${name} did not start:\n${out}`)
  return {
    url,
    exited,
    pid: child.pid!,
    logs: () =>
      out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    kill: (signal) => {
      child.kill(signal)
    },
  }
}
