/** How far each file has been sent, in an SQLite file that one agent has at a time. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Logger } from '@weir/service'
import { Refused } from '../command.ts'

/** A file, told from others by its beginning and by the bytes before the position. */
export interface Checkpoint {
  /** Device and inode. */
  readonly id: string
  readonly path: string
  readonly position: number
  readonly head: Uint8Array
  readonly before: Uint8Array
}

/** Files that were not seen for this long are forgotten (ms). */
const FORGET_MS = 7 * 24 * 3_600_000
/** How often a checkpoint that cannot be written is logged (ms). */
const REMINDER_MS = 60_000

export class Checkpoints {
  readonly #database: DatabaseSync
  readonly #put: StatementSync
  readonly #see: StatementSync
  readonly #log: Logger
  #complainedAt = -REMINDER_MS

  /** Throws Refused if another agent has the file, or if it cannot be used. */
  constructor(file: string, log: Logger) {
    this.#log = log
    try {
      this.#database = new DatabaseSync(file)
      // The lock is taken by the first write, and kept until the process ends. A kill loses nothing; a loss of power
      // loses at most the last positions, and then their records are sent again.
      this.#database.exec(`
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        CREATE TABLE IF NOT EXISTS files (
          flow TEXT, id TEXT, path TEXT, position INTEGER, head BLOB, before BLOB, seen INTEGER, PRIMARY KEY (flow, id)
        );
      `)
    } catch (error) {
      const { message } = error as Error
      throw new Refused(
        /locked/.test(message)
          ? `Another agent has the checkpoints ${file}; stop it, or choose another checkpointFile.`
          : `The checkpoints ${file} cannot be used: ${message}.`,
      )
    }
    this.#put = this.#database.prepare('INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)')
    this.#see = this.#database.prepare('UPDATE files SET seen = ? WHERE flow = ? AND id = ?')
  }

  of(flow: string): Checkpoint[] {
    return this.#database
      .prepare('SELECT id, path, position, head, before FROM files WHERE flow = ?')
      .all(flow) as unknown as Checkpoint[]
  }

  /** A checkpoint that cannot be written is logged: without it, records are sent again after a restart. */
  save(flow: string, checkpoints: readonly Checkpoint[]): void {
    this.#write(() => {
      for (const { id, path, position, head, before } of checkpoints)
        this.#put.run(flow, id, path, position, head, before, Date.now())
    })
  }

  /** Notes the files that are still there, and forgets those that have not been for a week. */
  see(flow: string, ids: Iterable<string>): void {
    this.#write(() => {
      for (const id of ids) this.#see.run(Date.now(), flow, id)
      this.#database
        .prepare('DELETE FROM files WHERE flow = ? AND seen < ?')
        .run(flow, Date.now() - FORGET_MS)
    })
  }

  close(): void {
    this.#database.close()
  }

  #write(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (performance.now() - this.#complainedAt < REMINDER_MS) return
      this.#complainedAt = performance.now()
      this.#log.warn(
        { err: error },
        'checkpoints cannot be written; records are sent, and would be sent again after a restart',
      )
    }
  }
}
