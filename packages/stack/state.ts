/**
 * What `weir up` writes down of the stack it runs, so that other commands find it, and the next `up` or
 * `down` ends what a killed supervisor left.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataFolder, makeDataFolder } from './paths.ts'
import type { Known } from './process.ts'
import { stillRuns } from './process.ts'

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

function writeState(state: StackState): void {
  makeDataFolder()
  writeFileSync(`${file()}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file()}.new`, file())
}

/** Pause before a failed write of the state is repeated (ms). */
const RETRY_MS = 2000

/**
 * Keeps the state's file up to date. If it cannot be written, on a full disk for instance, it says so once
 * and tries again.
 */
export class StateFile {
  readonly #say: (line: string) => void
  #newest: (() => StackState) | undefined
  #retrying: NodeJS.Timeout | undefined

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  /** @param state read when it is written */
  write(state: () => StackState): void {
    this.#newest = state
    if (this.#retrying === undefined) this.#try()
  }

  /** Removes the file: the stack has been stopped. */
  forget(): void {
    this.#newest = undefined
    clearTimeout(this.#retrying)
    forgetState()
  }

  #try(): void {
    if (this.#newest === undefined) return
    try {
      writeState(this.#newest())
      if (this.#retrying !== undefined) this.#say('The state of the stack is written down again.')
      this.#retrying = undefined
    } catch (error) {
      if (this.#retrying === undefined) {
        const { message } = error as Error
        this.#say(
          `The state of the stack cannot be written down (${message}); it is tried again until it can.`,
        )
      }
      this.#retrying = setTimeout(() => this.#try(), RETRY_MS)
      this.#retrying.unref()
    }
  }
}

export const forgetState = (): void => rmSync(file(), { force: true })

/**
 * Lets a command work on the running stack, whatever its ports: what the environment does not say, the stack
 * does.
 */
export function adoptStack(env: NodeJS.ProcessEnv = process.env): void {
  const state = readState()
  if (state === undefined || !stillRuns(state.supervisor)) return
  for (const [name, value] of Object.entries(state.environment)) env[name] ??= value
}
