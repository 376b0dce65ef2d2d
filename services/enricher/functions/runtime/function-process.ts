/** The process of an environment: reads its output, kills it, and tells when it is gone. */
import type { ChildProcess } from 'node:child_process'
import type { FunctionLog } from './log.ts'
import { endFirst, killGroup, killTree } from './processes.ts'

/** How long output is read after the process has exited. */
const OUTPUT_MS = 1000

export interface ProcessEvents {
  /** The process could not be started. */
  unstartable(message: string): void
  /** The process is gone, and its output has been read. */
  gone(code: number | null, signal: NodeJS.Signals | null): void
}

export class FunctionProcess {
  #child: ChildProcess | undefined

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get exitCode(): number | null {
    return this.#child?.exitCode ?? null
  }

  get signalCode(): NodeJS.Signals | null {
    return this.#child?.signalCode ?? null
  }

  attach(child: ChildProcess, log: FunctionLog, events: ProcessEvents): void {
    this.#child = child
    log.read(child.stdout!)
    log.read(child.stderr!)
    if (child.pid !== undefined) endFirst(child.pid)
    child.once('error', ({ message }) => {
      if (child.pid === undefined) events.unstartable(message)
    })
    child.once('exit', () => {
      killGroup(child.pid!)
      // A process that it left behind outside its group may keep its pipes open.
      const timer = setTimeout(() => {
        for (const pipe of child.stdio) pipe?.destroy()
      }, OUTPUT_MS)
      child.once('close', () => clearTimeout(timer))
    })
    child.once('close', events.gone)
  }

  kill(): void {
    if (this.pid !== undefined && this.exitCode === null && this.signalCode === null) killTree(this.pid)
  }
}
