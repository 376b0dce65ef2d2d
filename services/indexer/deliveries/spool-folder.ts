/** The folder with the spools of this process, and how much of the disk they take. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { Spool } from './spool.ts'

const PREFIX = 'replica-'
/** How often a process marks its folder as used, and when a folder without a mark is nobody's (ms). */
const MARK_MS = 60_000
const ABANDONED_MS = 10 * MARK_MS

export class SpoolFolder {
  readonly #path: string
  readonly #maxBytes: number
  readonly #marking: NodeJS.Timeout
  #count = 0
  /** The size of all records in spools. */
  #bytes = 0
  #warnedAt = -MARK_MS

  /** Removes what processes that were killed left in `dir`. @param maxBytes of records, before they are compressed */
  constructor(dir: string, maxBytes: number) {
    mkdirSync(dir, { recursive: true })
    removeAbandoned(dir, Date.now())
    this.#path = mkdtempSync(join(dir, PREFIX))
    this.#maxBytes = maxBytes
    this.#marking = setInterval(() => this.#mark(), MARK_MS)
    this.#marking.unref()
  }

  /** True while no further records should be read. */
  get full(): boolean {
    return this.#bytes >= this.#maxBytes
  }

  /** Whether to warn that it is full: at most once a minute. */
  warnsNow(): boolean {
    const now = performance.now()
    if (now - this.#warnedAt < MARK_MS || !this.full) return false
    this.#warnedAt = now
    return true
  }

  open(): Spool {
    this.#mark()
    return new Spool(join(this.#path, String(this.#count++)), (bytes) => {
      this.#bytes += bytes
    })
  }

  async remove(spool: Spool): Promise<void> {
    await spool.remove()
    this.#bytes -= spool.bytes
    spool.bytes = 0
  }

  /** Temporary folders may be emptied while the process runs. */
  #mark(): void {
    mkdirSync(this.#path, { recursive: true })
    utimesSync(this.#path, new Date(), new Date())
  }

  stop(): void {
    clearInterval(this.#marking)
    rmSync(this.#path, { recursive: true, force: true })
  }
}

function removeAbandoned(dir: string, now: number): void {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name)
    if (name.startsWith(PREFIX) && now - statSync(path).mtimeMs > ABANDONED_MS)
      rmSync(path, { recursive: true, force: true })
  }
}
