/**
 * Child processes under measurement: starts them, reads the CPU time they have used, and stops them by pid.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { freePorts } from '@weir/stack/ports.ts'

/** USER_HZ: Linux reports CPU time in hundredths of a second (man 5 proc, /proc/pid/stat). */
const TICKS_PER_SECOND = 100

export interface Process {
  readonly pid: number
  /** CPU-seconds, user and system, of the whole process so far. */
  cpu(): number
  /** The most resident memory so far, MB. */
  peakMb(): number
  exited: Promise<number | null>
  stop(): Promise<void>
}

/** CPU-seconds, user and system, of the process so far. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

export function startProcess(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Process {
  const child: ChildProcess = spawn(command, args, {
    env: { ...process.env, LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const pid = child.pid!
  tieProcess(pid)
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return {
    pid,
    exited,
    cpu: () => cpuOf(pid),
    peakMb: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
    stop: async () => {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
      await exited
      clearTimeout(late)
    },
  }
}

export const startNode = (file: string, env: Readonly<Record<string, string>>): Process =>
  startProcess(process.execPath, ['--max-semi-space-size=8', file], env)

/** Resolves to the JSON that the process writes to the file RESULT before it ends. */
export async function resultOf<T>(start: (RESULT: string) => Process): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'))
  const file = join(folder, 'result.json')
  try {
    const code = await start(file).exited
    if (code !== 0) throw new Error(`A process of the bench ended with code ${code}; see above.`)
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export const freePort = async (): Promise<number> => (await freePorts(1))[0]!

/** Polls until the URL answers 2xx; fails after 60 s or if the process ends. */
export async function ready(url: string, of: Process): Promise<void> {
  let ended = false
  void of.exited.then(() => {
    ended = true
  })
  for (let attempt = 0; attempt < 600; attempt++) {
    if (ended) throw new Error(`The process behind ${url} ended before it was ready.`)
    if (
      await fetch(url).then(
        (response) => response.ok,
        () => false,
      )
    )
      return
    await pause(100)
  }
  throw new Error(`${url} was not ready within 60 s.`)
}
