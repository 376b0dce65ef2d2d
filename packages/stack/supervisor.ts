/** Keeps processes running: restarts those that die, until all are stopped. */
import { setTimeout as sleep } from 'node:timers/promises'
import { StackError } from './errors.ts'
import { startTimeOf } from './process.ts'
import type { Running } from './server.ts'
import type { StackProcess } from './state.ts'

/**
 * Backoff before a process that died is restarted (ms): doubles each time, and is reset once the process has
 * run for `forgottenAfter`.
 */
const PAUSE = { first: 250, most: 5000, forgottenAfter: 30_000 }

const OBSTACLE_LOOK_MS = 1000

interface Supervised {
  readonly name: string
  running: Running
  startedAt: number
  /** Resolves when the process has ended and will not be restarted. */
  kept: Promise<void>
}

export class Supervisor {
  readonly #parts: Supervised[] = []
  readonly #firstStarts: Promise<unknown>[] = []
  readonly #stopping = new AbortController()
  readonly #say: (line: string) => void
  readonly #changed: () => void
  readonly #obstacle: () => string | undefined

  /**
   * @param changed called whenever processes start or end; must not throw
   * @param obstacle returns a sentence while nothing can be started, for instance because the disk is full
   */
  constructor(
    say: (line: string) => void,
    changed: () => void,
    obstacle: () => string | undefined = () => undefined,
  ) {
    this.#say = say
    this.#changed = changed
    this.#obstacle = obstacle
  }

  /**
   * Starts a process and resolves once it is ready. Rejects if this first start fails. From then on, the
   * process is restarted whenever it ends.
   */
  async run(name: string, start: () => Promise<Running>): Promise<Running> {
    if (this.#stopping.signal.aborted)
      throw new StackError(`${name} was not started: the stack is being stopped.`)
    const beginning = this.#begin(name, start)
    this.#firstStarts.push(beginning)
    const part = await beginning
    await part.running.ready
    part.kept = this.#keep(part, start)
    return part.running
  }

  processes(): StackProcess[] {
    return this.#parts.flatMap(({ name, running: { pid, url }, startedAt }) => {
      const startTime = startTimeOf(pid)
      return startTime === undefined ? [] : [{ name, pid, startTime, startedAt, url }]
    })
  }

  /**
   * Stops the processes with these names: those in one list at the same time, one list after another. From
   * now on, nothing is restarted.
   */
  async stop(order: readonly (readonly string[])[]): Promise<void> {
    this.#stopping.abort()
    await Promise.allSettled(this.#firstStarts)
    for (const names of order) {
      await Promise.all(
        this.#parts
          .filter(({ name }) => names.includes(name))
          .map(async (part) => {
            await part.running.stop()
            await part.kept
          }),
      )
    }
  }

  kill(): void {
    this.#stopping.abort()
    for (const { running } of this.#parts) running.kill('SIGKILL')
  }

  async #begin(name: string, start: () => Promise<Running>): Promise<Supervised> {
    const part = { name, startedAt: Date.now(), running: await start(), kept: Promise.resolve() }
    this.#parts.push(part)
    this.#changed()
    return part
  }

  async #keep(part: Supervised, start: () => Promise<Running>): Promise<void> {
    const stopping = this.#stopping.signal
    let pause = PAUSE.first
    for (let end = await endOf(part.running); !stopping.aborted; end = await this.#startAgain(part, start)) {
      if (Date.now() - part.startedAt > PAUSE.forgottenAfter) pause = PAUSE.first
      this.#changed()
      this.#say(`${part.name} ${end}; starting it again in ${pause / 1000} s. Its log: ${part.running.log}`)
      await sleep(pause, undefined, { signal: stopping }).catch(() => {})
      await this.#wayFree(part.name)
      if (stopping.aborted) return
      pause = Math.min(pause * 2, PAUSE.most)
    }
  }

  /**
   * Waits until there is no obstacle, or the stack is stopped. A process that cannot work would only end
   * again, and waste the machine's time.
   */
  async #wayFree(name: string): Promise<void> {
    const stopping = this.#stopping.signal
    for (let said = false; !stopping.aborted; said = true) {
      const obstacle = this.#obstacle()
      if (obstacle === undefined) return
      if (!said) this.#say(`${name} is not started yet. ${obstacle}`)
      await sleep(OBSTACLE_LOOK_MS, undefined, { signal: stopping }).catch(() => {})
    }
  }

  /**
   * Resolves with a description of how the process ended. A start can fail too, for instance while a server
   * that it needs is also down.
   */
  async #startAgain(part: Supervised, start: () => Promise<Running>): Promise<string> {
    const began = (part.startedAt = Date.now())
    try {
      part.running = await start()
    } catch (error) {
      return `could not be started (${(error as Error).message})`
    }
    this.#changed()
    if (this.#stopping.signal.aborted) await part.running.stop()
    part.running.ready.then(
      () => this.#say(`${part.name} is ready again after ${((Date.now() - began) / 1000).toFixed(1)} s.`),
      () => {},
    )
    return endOf(part.running)
  }
}

async function endOf({ exited }: Running): Promise<string> {
  const { code, signal } = await exited
  return `ended (${signal ?? `code ${code}`})`
}
