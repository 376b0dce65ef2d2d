/** Keeps processes running: restarts those that die, until all are stopped. */
import { backoffMs, pause } from '@weir/timing'
import { StackError } from './errors.ts'
import { startTimeOf } from './process.ts'
import type { Running } from './server.ts'
import type { StackProcess } from './state.ts'

/** The pauses before a process that died is started again (ms). */
const FIRST_PAUSE_MS = 250
const MAX_PAUSE_MS = 5000
/** A process that ran this long begins with the first pause again (ms). */
const FORGOTTEN_MS = 30_000

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
    let restarts = 0
    for (let end = await endOf(part.running); !stopping.aborted; end = await this.#startAgain(part, start)) {
      if (Date.now() - part.startedAt > FORGOTTEN_MS) restarts = 0
      const pauseMs = backoffMs(restarts++, FIRST_PAUSE_MS, MAX_PAUSE_MS)
      this.#changed()
      this.#say(`${part.name} ${end}; restarting it in ${pauseMs / 1000} s. Its log: ${part.running.log}`)
      await pause(pauseMs, stopping)
      await this.#wayFree(part.name)
      if (stopping.aborted) return
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
      await pause(OBSTACLE_LOOK_MS, stopping)
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
