/** Measures the memory of an environment's processes. */
import { type Confinement, launchers } from './confine.ts'
import { memoryKb, treeOf } from './processes.ts'

/** How often memory is measured while the function is working. */
const MEMORY_MS = 100

export class MemoryWatch {
  readonly #limitKb: number
  readonly #confinement: Confinement | undefined
  readonly #onExceeded: () => void
  #pid: number | undefined
  #programs: readonly number[] = []
  #peakKb = 0
  #timer: NodeJS.Timeout | undefined

  constructor(
    { memoryMb, confinement }: { readonly memoryMb: number; readonly confinement?: Confinement },
    onExceeded: () => void,
  ) {
    this.#limitKb = memoryMb * 1024
    this.#confinement = confinement
    this.#onExceeded = onExceeded
  }

  get peakMb(): number {
    return Math.ceil(this.#peakKb / 1024)
  }

  get exceeded(): boolean {
    return this.#peakKb > this.#limitKb
  }

  /** Measures the process with this id and its descendants from now on. */
  follow(pid: number | undefined): void {
    this.#pid = pid
  }

  /** Measures regularly until `rest`. */
  start(): void {
    this.#timer ??= setInterval(() => {
      this.lookAround()
      if (this.exceeded) this.#onExceeded()
    }, MEMORY_MS)
  }

  rest(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  look(): void {
    this.note(memoryKb(this.#programs) ?? 0)
  }

  /** Like `look`, but also finds the processes that the program has started since. */
  lookAround(): void {
    if (this.#pid !== undefined) this.#programs = treeOf(this.#pid).slice(launchers(this.#confinement))
    this.look()
  }

  /** Takes a measurement of the process itself. */
  note(kb: number): void {
    this.#peakKb = Math.max(this.#peakKb, kb)
  }
}
