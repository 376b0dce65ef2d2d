/**
 * Child processes with a log file, each in its own process group: a terminal's Ctrl-C reaches only the
 * supervisor, which then stops them in order.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fchmodSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { reasonOf } from '@weir/service/probe.ts'
import { StackError } from './errors.ts'
import type { User } from './unprivileged.ts'

export interface Command {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** The file to which standard output and error are appended. Only this user can read it. */
  readonly log: string
  readonly user?: User | undefined
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ChildProcess {
  readonly name: string
  readonly pid: number
  readonly log: string
  readonly exited: Promise<Exit>
  /** Signals the process and its children. Does nothing if it has ended. */
  kill(signal: NodeJS.Signals): void
  /** Sends SIGTERM, and SIGKILL to any process left after `graceMs` (15,000). */
  stop(graceMs?: number): Promise<void>
}

export async function startProcess({
  name,
  command,
  args,
  env,
  cwd,
  log,
  user,
}: Command): Promise<ChildProcess> {
  const output = openLogFile(log)
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', output, output],
    env: env ?? process.env,
    cwd: cwd ?? '/',
    ...user,
  })
  closeSync(output)
  await once(child, 'spawn').catch((error: Error) => {
    throw new StackError(`${name} could not be started: ${error.message}.`)
  })
  const pid = child.pid!
  let ended = false
  const exited = new Promise<Exit>((done) =>
    child.once('exit', (code, signal) => {
      ended = true
      done({ code, signal })
    }),
  )
  const kill = (signal: NodeJS.Signals): void => {
    if (!ended) signalGroup(pid, signal)
  }
  const stop = async (graceMs = 15_000): Promise<void> => {
    kill('SIGCONT')
    kill('SIGTERM')
    const timer = setTimeout(kill, graceMs, 'SIGKILL')
    await exited
    clearTimeout(timer)
  }
  return { name, pid, log, exited, kill, stop }
}

/** Opens the file for appending, and closes it to other users. */
export function openLogFile(path: string): number {
  mkdirSync(dirname(path), { recursive: true })
  const file = openSync(path, 'a', 0o600)
  fchmodSync(file, 0o600)
  return file
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/**
 * Signals the group, or only the process: one that we did not start may be in another process's group, as a
 * supervisor in the foreground is.
 */
function signalGroupOrProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    if (startTimeOf(pid) !== undefined) process.kill(pid, signal)
  }
}

/**
 * Returns the start time of the process as the system reports it; undefined if it does not run (a zombie
 * counts as ended). A pid alone does not identify a process, because pids are reused.
 */
export function startTimeOf(pid: number): string | undefined {
  try {
    // These fields come after the name in parentheses, which may contain anything. The state is the 3rd
    // field, the start time in clock ticks since boot the 22nd.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    if (process.platform === 'linux') return undefined
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}

/** A process of an earlier run. */
export interface Known {
  readonly pid: number
  readonly startTime: string
}

export const stillRuns = ({ pid, startTime }: Known): boolean => startTimeOf(pid) === startTime

/** Ends a process that is not our child, and its group: sends SIGTERM, and SIGKILL after `graceMs`. */
export async function endProcess(known: Known, graceMs = 15_000): Promise<void> {
  if (!stillRuns(known)) return
  signalGroupOrProcess(known.pid, 'SIGCONT')
  signalGroupOrProcess(known.pid, 'SIGTERM')
  for (const deadline = Date.now() + graceMs; stillRuns(known); ) {
    if (Date.now() > deadline) signalGroupOrProcess(known.pid, 'SIGKILL')
    await sleep(100)
  }
}

/**
 * Repeats `check` until it returns true. Fails if the process ends first, or after `timeoutMs` (5 minutes,
 * enough for a busy laptop), with the reason of the last check that threw. Such a check counts as false.
 */
export async function untilReady(
  child: ChildProcess,
  check: () => Promise<boolean>,
  timeoutMs = 300_000,
): Promise<void> {
  let exit: Exit | undefined
  let problem = ''
  void child.exited.then((value) => (exit = value))
  for (const deadline = Date.now() + timeoutMs; ; ) {
    try {
      if (await check()) return
      problem = ''
    } catch (error) {
      problem = `: ${reasonOf(error as Error)}`
    }
    if (exit)
      throw new StackError(
        `${child.name} ended before it was ready (${exit.signal ?? `code ${exit.code}`})${lastLine(child.log)}; its log is ${child.log}.`,
      )
    if (Date.now() > deadline)
      throw new StackError(
        `${child.name} was not ready after ${timeoutMs / 1000} s${problem}; its log is ${child.log}.`,
      )
    await sleep(200)
  }
}

function lastLine(log: string): string {
  const line = readFileSync(log, 'utf8').trimEnd().split('\n').at(-1)
  return line ? `: ${line.slice(0, 300)}` : ''
}

/** True if the address answers with a success status within 2 s. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
  await response.body?.cancel()
  return response.ok
}
