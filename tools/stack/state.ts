/** What `weir up` writes down of the stack it runs, so that other commands find it, and the next `up` or `down` ends what a killed supervisor left. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataFolder, makeDataFolder } from './paths.ts'
import { stillRuns } from './process.ts'
import type { Known } from './process.ts'

export interface StackState {
  readonly supervisor: Known
  /** True once everything was ready. */
  readonly ready: boolean
  /** Variables that lead the other commands to this stack. */
  readonly environment: Readonly<Record<string, string>>
  readonly processes: readonly StackProcess[]
}

export interface StackProcess extends Known {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly url: string
}

const file = (): string => join(dataFolder(), 'stack.json')

/** Undefined where no stack was started, or it was stopped in order. */
export function readState(): StackState | undefined {
  try {
    return JSON.parse(readFileSync(file(), 'utf8'))
  } catch {
    return undefined
  }
}

export function writeState(state: StackState): void {
  makeDataFolder()
  writeFileSync(`${file()}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file()}.new`, file())
}

export const forgetState = (): void => rmSync(file(), { force: true })

/** Lets a command work on the running stack, whatever its ports: what the environment does not say, the stack does. */
export function adoptStack(env: NodeJS.ProcessEnv = process.env): void {
  const state = readState()
  if (state === undefined || !stillRuns(state.supervisor)) return
  for (const [name, value] of Object.entries(state.environment)) env[name] ??= value
}
