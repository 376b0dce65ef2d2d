/** The files of a flow: which there are, where to go on in each, over rotation of all kinds. */
import { type Stats, statSync } from 'node:fs'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join, matchesGlob } from 'node:path'
import type { Logger } from '@weir/service'
import type { Checkpoint } from './checkpoints.ts'

/** Bytes by which a file is told from others: its first ones, and the ones before the position. */
export const MARK_BYTES = 256
/** A copy is recognised by this many bytes; a file with fewer is sent again under its new name. */
const MIN_COPY_BYTES = 32
/**
 * A rotation copies a file and truncates it at once. A file that is like another one for longer is a file of its own
 * (ms).
 */
const ROTATION_MS = 10_000
const MAX_OPEN = 500
const MAX_MEANT = 100_000
const NOT_LOGS = /\.(gz|bz2|zip)$/
/** How often a file that cannot be read is logged (ms). */
const REMINDER_MS = 60_000

export class TailedFile {
  readonly id: string
  path: string
  handle: FileHandle | undefined
  size: number
  modifiedMs: number
  /** The offset of the first byte that is in no record yet. */
  position: number
  head: Buffer = Buffer.alloc(0)
  before: Buffer = Buffer.alloc(0)
  /** Whether the name still leads to it. */
  isThere = true
  /** The file that it was copied from, while that one goes on: its records are read there. */
  copyOf: TailedFile | undefined
  /** When it last grew, ms on the monotonic clock. */
  grewAt = performance.now()
  /** Its size when it was read last. */
  readTo = 0
  /** Up to where it has no line end, if the line at the position is too long. */
  longTo = 0
  readonly #firstPath: string

  constructor(id: string, path: string, { size, mtimeMs }: Stats, position: number) {
    this.id = id
    this.path = path
    this.#firstPath = path
    this.size = size
    this.modifiedMs = mtimeMs
    this.position = position
  }

  /**
   * Moves the position.
   * @param passed the bytes before the new position, as many as are known
   */
  moveTo(position: number, passed: Buffer): void {
    const moved = position - this.position
    this.before =
      passed.length < moved
        ? Buffer.from(passed)
        : Buffer.concat([this.before, passed.subarray(passed.length - moved)]).subarray(-MARK_BYTES)
    this.position = position
  }

  /** Whether writers have gone on to another file. */
  get isRotated(): boolean {
    return !this.isThere || this.path !== this.#firstPath
  }

  checkpoint(): Checkpoint {
    const { id, path, position, head, before } = this
    return { id, path, position, head, before }
  }
}

export interface FilesOptions {
  readonly files: readonly { readonly folder: string; readonly names: string }[]
  readonly startAtEnd: boolean
  readonly checkpoints: readonly Checkpoint[]
  readonly log: Logger
}

export class Files {
  readonly #options: FilesOptions
  readonly #byId = new Map<string, TailedFile>()
  /** Where files were at the last start, if they have not been seen since. */
  readonly #known: Map<string, Checkpoint>
  /** Where files were when they were truncated, or at the last start: copies of them go on there, for some time. */
  readonly #left = new Map<string, { readonly checkpoint: Checkpoint; readonly until: number }>()
  /** Whether a pattern matches a name: to find out takes 20 µs. */
  readonly #meant = new Map<string, boolean>()
  readonly #complaints = new Map<string, number>()
  #looked = false

  constructor(options: FilesOptions) {
    this.#options = options
    this.#known = new Map(options.checkpoints.map((one) => [one.id, one]))
    for (const one of options.checkpoints) this.#leave(one)
  }

  get all(): Iterable<TailedFile> {
    return this.#byId.values()
  }

  /** Looks at all files. Returns those with bytes that are in no record yet, the oldest first. */
  async look(): Promise<TailedFile[]> {
    const seen = new Map<string, readonly [path: string, stats: Stats]>()
    for (const { folder, names } of this.#options.files)
      for (const name of await this.#names(folder, names)) {
        const path = join(folder, name)
        // Asynchronously it takes ten times as long.
        const stats = await this.#try(path, async () => statSync(path, { throwIfNoEntry: false }))
        if (stats === undefined || !stats.isFile()) continue
        const id = `${stats.dev}:${stats.ino}`
        if (!seen.has(id)) seen.set(id, [path, stats])
      }
    // Files that are known come first, so that copies are told from them.
    const isKnown = (id: string): boolean => this.#byId.has(id) || this.#known.has(id)
    for (const known of [true, false])
      for (const [id, [path, stats]] of [...seen].filter(([id]) => isKnown(id) === known))
        await this.#try(path, () => this.#see(id, path, stats))
    this.#looked = true
    for (const file of this.#byId.values()) this.#separate(file)
    for (const file of this.#byId.values()) if (!seen.has(file.id)) await this.#unseen(file)
    await this.#closeIdle()
    return [...this.#byId.values()]
      .filter(({ size, position, copyOf }) => copyOf === undefined && size > position)
      .sort((a, b) => a.modifiedMs - b.modifiedMs)
  }

  /** Prepares reading from the file's position on: that is 0 if the file was truncated meanwhile. */
  async begin(file: TailedFile): Promise<void> {
    await this.#try(file.path, async () => {
      if (!(await this.#isSame(file, file))) this.#truncated(file)
      await this.#takeHead(file)
    })
  }

  /** Fills the buffer from the file, from `offset` on. Returns how many bytes were read: 0 at its end. */
  async read(file: TailedFile, buffer: Buffer, at: number, offset: number): Promise<number> {
    const count = await this.#try(file.path, async () => {
      file.handle ??= await this.#open(file)
      return (await file.handle.read(buffer, at, buffer.length - at, offset)).bytesRead
    })
    return count ?? 0
  }

  async close(): Promise<void> {
    for (const file of this.#byId.values()) await file.handle?.close().catch(() => {})
  }

  async #names(folder: string, pattern: string): Promise<string[]> {
    const names = (await this.#try(folder, () => readdir(folder))) ?? []
    return names.filter((name) => {
      const key = `${pattern}\0${name}`
      let isMeant = this.#meant.get(key)
      if (isMeant === undefined) {
        if (this.#meant.size >= MAX_MEANT) this.#meant.clear()
        this.#meant.set(key, (isMeant = matchesGlob(name, pattern) && !NOT_LOGS.test(name)))
      }
      return isMeant
    })
  }

  async #see(id: string, path: string, stats: Stats): Promise<void> {
    const file = this.#byId.get(id) ?? (await this.#first(id, path, stats))
    if (file === undefined) return
    file.path = path
    file.isThere = true
    const { size, mtimeMs } = stats
    if (size === file.size && mtimeMs === file.modifiedMs) return
    if (size > file.size) file.grewAt = performance.now()
    ;[file.size, file.modifiedMs] = [size, mtimeMs]
    if (size < file.position) this.#truncated(file)
    else if (file.copyOf !== undefined && !(await this.#isStartOf(file, file.copyOf))) file.copyOf = undefined
  }

  /** Resolves to undefined while another file is being copied to it. */
  async #first(id: string, path: string, stats: Stats): Promise<TailedFile | undefined> {
    const file = new TailedFile(id, path, stats, 0)
    const known = this.#known.get(id)
    await this.#takeHead(file)
    if (Date.now() - stats.mtimeMs < ROTATION_MS)
      for (const one of this.#byId.values())
        if (one.position > stats.size && startsLike(file, one) && (await this.#isStartOf(file, one))) {
          await file.handle?.close()
          return undefined
        }
    this.#byId.set(id, file)
    if (known !== undefined && (await this.#isSame(file, known))) {
      this.#known.delete(id)
      file.position = known.position
      file.before = Buffer.from(known.before)
      return file
    }
    const original = await this.#originalOf(file)
    if (original !== undefined) {
      file.position = original.position
      file.before = Buffer.from(original.before)
      if (original instanceof TailedFile && (await this.#isStartOf(file, original))) file.copyOf = original
      return file
    }
    // Files that come later are read from their beginning.
    if (this.#options.startAtEnd && this.#options.checkpoints.length === 0 && !this.#looked) {
      file.position = stats.size
      file.before = await this.#bytes(file, Math.max(0, stats.size - MARK_BYTES), stats.size)
    }
    return file
  }

  /** The file that this one is a copy of, by its beginning and by the bytes before the position. */
  async #originalOf(file: TailedFile): Promise<TailedFile | Checkpoint | undefined> {
    const now = performance.now()
    const left = [...this.#left.values()].flatMap(({ checkpoint, until }) =>
      now < until ? [checkpoint] : [],
    )
    for (const one of [...this.#byId.values(), ...left]) {
      if (one.id === file.id || one.position < MIN_COPY_BYTES || !startsLike(file, one)) continue
      if (await this.#isSame(file, one)) return one
    }
    return undefined
  }

  /** Copies of what is gone now go on there, if they are seen soon. */
  #leave(checkpoint: Checkpoint): void {
    this.#left.set(checkpoint.id, { checkpoint, until: performance.now() + ROTATION_MS })
  }

  /** A file that is like one that goes on is read from its beginning, unless that one is truncated soon. */
  #separate(file: TailedFile): void {
    if (file.copyOf === undefined || performance.now() - file.grewAt < ROTATION_MS) return
    file.copyOf = undefined
    file.position = 0
    file.before = Buffer.alloc(0)
  }

  /** Whether all of the file is the beginning of `original`. */
  async #isStartOf(file: TailedFile, original: TailedFile): Promise<boolean> {
    if (file.size > original.size) return false
    const from = Math.max(0, file.size - MARK_BYTES)
    return (await this.#bytes(file, from, file.size)).equals(await this.#bytes(original, from, file.size))
  }

  /** Its bytes are gone. Copies of it are read from where it was, also those that are not seen yet. */
  #truncated(file: TailedFile): void {
    this.#leave(file.checkpoint())
    this.#handOver(file)
    file.position = 0
    file.readTo = 0
    file.longTo = 0
    file.head = Buffer.alloc(0)
    file.before = Buffer.alloc(0)
    file.grewAt = performance.now()
  }

  /** Copies of the file are read from where it was. */
  #handOver(file: TailedFile): void {
    for (const copy of this.#byId.values())
      if (copy.copyOf === file) {
        copy.copyOf = undefined
        copy.position = file.position
        copy.before = file.before
      }
  }

  /** Whether the file has the bytes by which `known` was told from others, where it had them. */
  async #isSame(
    file: TailedFile,
    { position, head, before }: Pick<Checkpoint, 'position' | 'head' | 'before'>,
  ): Promise<boolean> {
    if (file.size < position || file.size < head.length) return false
    const [start, end] = [
      await this.#bytes(file, 0, head.length),
      await this.#bytes(file, position - before.length, position),
    ]
    return start.equals(head) && end.equals(before)
  }

  async #takeHead(file: TailedFile): Promise<void> {
    if (file.head.length < MARK_BYTES && file.head.length < file.size)
      file.head = await this.#bytes(file, 0, Math.min(MARK_BYTES, file.size))
  }

  async #bytes(file: TailedFile, from: number, to: number): Promise<Buffer> {
    if (to <= from) return Buffer.alloc(0)
    file.handle ??= await this.#open(file)
    const buffer = Buffer.alloc(to - from)
    const { bytesRead } = await file.handle.read(buffer, 0, buffer.length, from)
    return buffer.subarray(0, bytesRead)
  }

  async #open(file: TailedFile): Promise<FileHandle> {
    const handle = await open(file.path)
    const { dev, ino } = await handle.stat()
    if (`${dev}:${ino}` === file.id) return handle
    await handle.close()
    throw new Error('it was replaced by another file')
  }

  /** A file whose name is gone is read to its end as long as it is open. */
  async #unseen(file: TailedFile): Promise<void> {
    file.isThere = false
    const stats = await this.#try(file.path, async () => file.handle?.stat())
    const size = stats?.size ?? 0
    if (size > file.size) file.grewAt = performance.now()
    file.size = size
    if (size > file.position) return
    await file.handle?.close()
    this.#handOver(file)
    this.#byId.delete(file.id)
  }

  /** Closes files that have been read to their ends, the ones first that did not grow for longest. */
  async #closeIdle(): Promise<void> {
    const opened = [...this.#byId.values()].filter(({ handle }) => handle !== undefined)
    if (opened.length <= MAX_OPEN) return
    const idle = opened
      .filter(({ size, position, isThere }) => isThere && size <= position)
      .sort((a, b) => a.grewAt - b.grewAt)
    for (const file of idle.slice(0, opened.length - MAX_OPEN)) {
      await file.handle!.close()
      file.handle = undefined
    }
  }

  /** Undefined, and a line in the log, if it fails. */
  async #try<T>(path: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      // Files may be renamed and removed while they are looked at.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && path !== this.#options.files[0].folder)
        return undefined
      const now = performance.now()
      if (now - (this.#complaints.get(path) ?? -REMINDER_MS) >= REMINDER_MS) {
        this.#complaints.set(path, now)
        this.#options.log.warn({ err: error, path }, 'a file cannot be read; it is tried again')
      }
      return undefined
    }
  }
}

/** Whether the one's first bytes are those of the other, as many as are known of both. */
function startsLike({ head }: TailedFile, other: Pick<Checkpoint, 'head'>): boolean {
  const length = Math.min(head.length, other.head.length)
  return head.compare(other.head, 0, length, 0, length) === 0
}
