/**
 * The state of the stack that `weir up` runs. Other commands find the stack by it, and the next `up` or
 * `down` ends the processes that a killed supervisor left.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataFolder, makeDataFolder } from './paths.ts'
import type { Known } from './process.ts'
import { stillRuns } from './process.ts'

export interface StackState {
  readonly supervisor: Known
  /** True once everything has been ready. */
  readonly ready: boolean
  /** Variables that direct the other commands to this stack. */
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

/** Returns undefined if no stack was started, or if it was stopped cleanly. */
export function readState(): StackState | undefined {
  try {
    return JSON.parse(readFileSync(file(), 'utf8'))
  } catch {
    return undefined
  }
}

function writeState(state: StackState): void {
  makeDataFolder()
  writeFileSync(`${file()}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file()}.new`, file())
}

/** Pause before a failed write of the state is retried (ms). */
const RETRY_MS = 2000

/**
 * Keeps the state file up to date. If it cannot be written, for instance because the disk is full, reports
 * that once and retries.
 */
export class StateFile {
  readonly #say: (line: string) => void
  #newest: (() => StackState) | undefined
  #retrying: NodeJS.Timeout | undefined

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  /** @param state called when the file is written */
  write(state: () => StackState): void {
    this.#newest = state
    if (this.#retrying === undefined) this.#try()
  }

  /** Removes the file, because the stack has been stopped. */
  forget(): void {
    this.#newest = undefined
    clearTimeout(this.#retrying)
    forgetState()
  }

  #try(): void {
    if (this.#newest === undefined) return
    try {
      writeState(this.#newest())
      if (this.#retrying !== undefined) this.#say('The state of the stack is stored again.')
      this.#retrying = undefined
    } catch (error) {
      if (this.#retrying === undefined) {
        const { message } = error as Error
        this.#say(`The state of the stack cannot be stored (${message}); it is retried until it can.`)
      }
      this.#retrying = setTimeout(() => this.#try(), RETRY_MS)
      this.#retrying.unref()
    }
  }
}

export const forgetState = (): void => rmSync(file(), { force: true })

/**
 * Points a command at the running stack, whatever its ports. Variables that the environment does not set come
 * from the stack.
 */
export function adoptStack(env: NodeJS.ProcessEnv = process.env): void {
  const state = readState()
  if (state === undefined || !stillRuns(state.supervisor)) return
  for (const [name, value] of Object.entries(state.environment)) env[name] ??= value
}
