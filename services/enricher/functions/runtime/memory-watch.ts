/**
 * Measures the memory of an environment's processes. The measurements of all environments take at most a
 * fiftieth of this process's time for each kind and beat: the more they cost, the rarer they are.
 */
import { type Confinement, confinement } from './confine.ts'
import { HAS_PROC, MAX_PROCESSES, MAX_THREADS, programsOf, usageOf } from './processes.ts'
import { sharedMemoryKb } from './shared-memory.ts'

/** How often environments are measured. */
interface Beat {
  readonly everyMs: number
  /** The interval for shared memory, which processes hold even if they have not mapped it. */
  readonly sharedEveryMs: number
  /** The number of environments with this beat. */
  watches: number
}
const WORKING: Beat = { everyMs: 100, sharedEveryMs: 500, watches: 0 }
/** The threads of a function may go on after its answer. */
const RESTING: Beat = { everyMs: 1000, sharedEveryMs: 1000, watches: 0 }
/** The part of the time that the measurements of one kind and one beat may take. */
const SHARE = 1 / 50
/** A measurement that takes no longer is also made at the end of each invocation. */
const CHEAP_MS = 2

export interface MemoryEvents {
  /** The environment uses more memory than it may. */
  exceeded(): void
  /** The environment has too many processes, threads or mappings to be measured. */
  unmeasurable(sentence: string): void
}

export class MemoryWatch {
  readonly #limitKb: number
  readonly #confinement: Confinement | undefined
  readonly #events: MemoryEvents
  #pid: number | undefined
  #peakKb = 0
  /** Undefined: the environment has ended. */
  #beat: Beat | undefined
  #timer: NodeJS.Timeout | undefined
  /** When the last measurement ended, and what it took. */
  #measuredAt = performance.now()
  #costMs = 0
  #hasLooked = false
  #sharedKb = 0
  /** When shared memory is measured again. */
  #sharedAt = 0

  constructor(
    { memoryMb, confinement }: { readonly memoryMb: number; readonly confinement?: Confinement },
    events: MemoryEvents,
  ) {
    this.#limitKb = memoryMb * 1024
    this.#confinement = confinement
    this.#events = events
    this.work()
  }

  get peakMb(): number {
    return Math.ceil(this.#peakKb / 1024)
  }

  get exceeded(): boolean {
    return this.#peakKb > this.#limitKb
  }

  /** Measures the processes of this one, which startConfined has started, from now on. */
  follow(pid: number | undefined): void {
    this.#pid = pid
  }

  work(): void {
    this.#setBeat(WORKING)
  }

  rest(): void {
    this.#setBeat(RESTING)
  }

  end(): void {
    this.#setBeat(undefined)
  }

  /** Measures now, unless that takes long. The first time, nothing but the beginning of the process is known. */
  look(): void {
    if (this.#costMs <= CHEAP_MS || !this.#hasLooked) this.#measure()
    this.#hasLooked = true
  }

  /** Takes a measurement of the process itself. */
  note(kb: number): void {
    this.#peakKb = Math.max(this.#peakKb, kb)
  }

  #setBeat(beat: Beat | undefined): void {
    if (beat === this.#beat) return
    if (this.#beat) this.#beat.watches--
    if (beat) beat.watches++
    this.#beat = beat
    this.#schedule()
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    if (!this.#beat) return
    const dueAt = this.#measuredAt + this.#pauseMs(this.#beat.everyMs, this.#costMs)
    const measure = (): void => {
      this.#measure()
      if (this.exceeded) this.#events.exceeded()
      this.#schedule()
    }
    this.#timer = setTimeout(measure, Math.max(1, dueAt - performance.now())).unref()
  }

  #measure(): void {
    if (this.#pid === undefined || !HAS_PROC || !this.#beat) return
    const startedAt = performance.now()
    const programs = programsOf(this.#pid, this.#confinement ?? confinement())
    const usage = programs.length <= MAX_PROCESSES ? usageOf(programs) : undefined
    this.#measuredAt = performance.now()
    this.#costMs = this.#measuredAt - startedAt
    if (!usage) return this.#giveUp(`than ${MAX_PROCESSES} processes`)
    if (usage.threads > MAX_THREADS) return this.#giveUp(`than ${MAX_THREADS} threads`)
    if (this.#measuredAt >= this.#sharedAt) this.#measureShared(programs, this.#beat)
    this.note(usage.memoryKb + Math.max(0, this.#sharedKb - usage.sharedKb))
  }

  #measureShared(programs: readonly string[], { sharedEveryMs }: Beat): void {
    const startedAt = performance.now()
    const sharedKb = sharedMemoryKb(programs)
    const endedAt = performance.now()
    this.#sharedAt = endedAt + this.#pauseMs(sharedEveryMs, endedAt - startedAt)
    if (sharedKb === undefined) return this.#giveUp('mappings of memory than can be measured')
    this.#sharedKb = sharedKb
  }

  /** Returns the pause after a measurement that took `costMs`. */
  #pauseMs(everyMs: number, costMs: number): number {
    return Math.max(everyMs, (costMs * (this.#beat?.watches ?? 1)) / SHARE)
  }

  #giveUp(limit: string): void {
    this.#events.unmeasurable(`The function has more ${limit}; its environment was ended.`)
  }
}
