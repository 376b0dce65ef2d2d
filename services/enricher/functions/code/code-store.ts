/**
 * The unpacked code of functions on this replica's disk, by the SHA-256 of its archive. The folder is a
 * cache: code that is missing, or no longer complete, is fetched from Kafka and unpacked again.
 */
import { createHash, hash, randomUUID } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Logger } from '@weir/service'
import { Semaphore } from '../semaphore.ts'
import type { StoredArchive } from './archive.ts'
import type { CodeTopic } from './code-topic.ts'
import { type Unpacked, unpack } from './unpack.ts'

/** Code as older versions of Weir kept it: one module in the control log. */
export interface CodeModule {
  /** index.mjs */
  readonly file: string
  readonly code: string
}

/** An archive that was checked and unpacked here, and that no other replica has yet. */
export interface Upload {
  readonly sha256: string
  readonly bytes: number
  readonly file: string
  /** Removes the archive; the unpacked code stays. */
  discard(): Promise<void>
}

export interface CodeStore {
  /**
   * Rejects with an ArchiveError if the archive cannot be used, and with TooLarge if it has more than
   * `maxBytes`.
   */
  accept(source: Readable, maxBytes: number): Promise<Upload>
  /** Returns the folder with the code, which is fetched and unpacked if necessary. */
  folderOf(archive: StoredArchive): Promise<string>
  folderOfModule(module: CodeModule): Promise<string>
  /** Whether the code is here. */
  has(sha256: string): boolean
  /** Removes the code of all archives but these. */
  keepOnly(sha256s: ReadonlySet<string>): Promise<void>
}

export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

/** Bounds the archives that are unpacked at once; each takes a share of the processor. */
const UNPACKING = new Semaphore(2)
/** The age at which an unfinished folder counts as left behind by a process that has ended. */
const STALE_MS = 3_600_000
const SHA256 = /^[0-9a-f]{64}$/
const FOREVER = new AbortController().signal

/** @param folder one that no other user can write to */
export async function openCodeStore(folder: string, topic: CodeTopic, log: Logger): Promise<CodeStore> {
  const [ready, tmp] = [join(folder, 'code'), join(folder, 'tmp')]
  for (const path of [folder, ready, tmp]) await mkdir(path, { recursive: true, mode: 0o700 })
  await removeStale(tmp)
  return new FolderStore({ ready, tmp }, topic, log)
}

class FolderStore implements CodeStore {
  /** Holds a folder for each hash, and beside it the figures by which its completeness is checked. */
  readonly #ready: string
  readonly #tmp: string
  readonly #topic: CodeTopic
  readonly #log: Logger
  /** The hashes whose folders this process has seen to be complete. */
  readonly #whole = new Set<string>()
  readonly #making = new Map<string, Promise<string>>()

  constructor(
    { ready, tmp }: { readonly ready: string; readonly tmp: string },
    topic: CodeTopic,
    log: Logger,
  ) {
    this.#ready = ready
    this.#tmp = tmp
    this.#topic = topic
    this.#log = log
  }

  has(sha256: string): boolean {
    return this.#whole.has(sha256) && existsSync(this.#pathOf(sha256))
  }

  folderOf(archive: StoredArchive): Promise<string> {
    return this.#ensure(archive.sha256, (made) => this.#fetch(archive, made))
  }

  folderOfModule({ file, code }: CodeModule): Promise<string> {
    return this.#ensure(hash('sha256', `${file}\n${code}`), async (made) => {
      await writeFile(join(made, file), code)
      return { files: 1, bytes: Buffer.byteLength(code) }
    })
  }

  async accept(source: Readable, maxBytes: number): Promise<Upload> {
    const file = join(this.#tmp, `${randomUUID()}.zip`)
    try {
      const { sha256, bytes } = await store(source, file, maxBytes)
      // An archive that is in use was checked before.
      if (!this.has(sha256))
        await this.#withFolder(async (made) => this.#settle(sha256, made, await unpack(file, made)))
      return { sha256, bytes, file, discard: () => rm(file, { force: true }) }
    } catch (error) {
      await rm(file, { force: true })
      throw error
    }
  }

  async keepOnly(sha256s: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#ready)) {
      const sha256 = name.replace('.json', '')
      if (!SHA256.test(sha256) || sha256s.has(sha256) || this.#making.has(sha256)) continue
      this.#whole.delete(sha256)
      const path = join(this.#ready, name)
      await (name === sha256 ? this.#discardFolder(path) : rm(path, { force: true })).catch((error: Error) =>
        this.#log.warn({ err: error, sha256 }, 'unused code could not be removed'),
      )
    }
  }

  #pathOf(sha256: string): string {
    return join(this.#ready, sha256)
  }

  /** Creates the folder of a hash unless it is here; one at a time for each hash. */
  #ensure(sha256: string, make: (folder: string) => Promise<Unpacked>): Promise<string> {
    const path = this.#pathOf(sha256)
    if (this.has(sha256)) return Promise.resolve(path)
    const before = this.#making.get(sha256)
    if (before !== undefined) return before
    const work = (async () => {
      if (await isWhole(path)) this.#whole.add(sha256)
      else await this.#withFolder(async (made) => this.#settle(sha256, made, await make(made)))
      return path
    })().finally(() => this.#making.delete(sha256))
    this.#making.set(sha256, work)
    return work
  }

  /** Runs `work` with an empty folder, which is removed afterwards if it is still there. */
  async #withFolder(work: (made: string) => Promise<void>): Promise<void> {
    const made = join(this.#tmp, randomUUID())
    await UNPACKING.acquire(FOREVER)
    try {
      await mkdir(made, { mode: 0o700 })
      await work(made)
    } finally {
      UNPACKING.release()
      await rm(made, { recursive: true, force: true })
    }
  }

  async #fetch(archive: StoredArchive, made: string): Promise<Unpacked> {
    const file = `${made}.zip`
    try {
      const found = await store(Readable.from(this.#topic.read(archive)), file, archive.bytes)
      if (found.sha256 !== archive.sha256)
        throw new Error(`The archive ${archive.id} has another hash in Kafka: ${found.sha256}.`)
      return await unpack(file, made)
    } finally {
      await rm(file, { force: true })
    }
  }

  /**
   * Moves the folder to the path of its hash in one step, with the figures by which a later process can tell
   * that it is complete.
   */
  async #settle(sha256: string, made: string, unpacked: Unpacked): Promise<void> {
    const path = this.#pathOf(sha256)
    await writeFile(`${made}.json`, JSON.stringify(unpacked))
    await rename(`${made}.json`, `${path}.json`)
    if (!this.has(sha256)) {
      await this.#discardFolder(path)
      await rename(made, path).catch((error: NodeJS.ErrnoException) => {
        // Another process that shares the folder was faster.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
      })
    }
    this.#whole.add(sha256)
  }

  async #discardFolder(path: string): Promise<void> {
    if (!existsSync(path)) return
    const gone = join(this.#tmp, randomUUID())
    await rename(path, gone)
    await rm(gone, { recursive: true, force: true })
  }
}

/** Writes the source to a file, and hashes it. */
async function store(
  source: Readable,
  file: string,
  maxBytes: number,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const sha256 = createHash('sha256')
  let bytes = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBytes) return done(new TooLarge(`More than ${maxBytes} bytes came.`))
      sha256.update(chunk)
      done(null, chunk)
    },
  })
  await pipeline(source, counted, createWriteStream(file, { flags: 'wx', mode: 0o600 }))
  return { sha256: sha256.digest('hex'), bytes }
}

/**
 * Whether the folder has as many files and bytes as when it was unpacked: a cleaner of temporary files may
 * have removed some.
 */
async function isWhole(folder: string): Promise<boolean> {
  try {
    const { files, bytes } = JSON.parse(await readFile(`${folder}.json`, 'utf8')) as Unpacked
    let [foundFiles, foundBytes] = [0, 0]
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      foundFiles++
      foundBytes += (await lstat(join(entry.parentPath, entry.name))).size
    }
    return foundFiles === files && foundBytes === bytes
  } catch {
    return false
  }
}

async function removeStale(tmp: string): Promise<void> {
  for (const name of await readdir(tmp)) {
    const path = join(tmp, name)
    if (Date.now() - (await lstat(path)).mtimeMs > STALE_MS) await rm(path, { recursive: true, force: true })
  }
}
