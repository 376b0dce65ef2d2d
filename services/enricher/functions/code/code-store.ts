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
  /** The hashes whose folders this process has seen to be complete. */
  const whole = new Set<string>()
  const making = new Map<string, Promise<string>>()
  const place = (sha256: string): string => join(ready, sha256)
  const has = (sha256: string): boolean => whole.has(sha256) && existsSync(place(sha256))

  /**
   * Moves the folder into its place in one step, with the figures by which a later process can tell that it
   * is complete.
   */
  async function settle(sha256: string, made: string, unpacked: Unpacked): Promise<void> {
    await writeFile(`${made}.json`, JSON.stringify(unpacked))
    await rename(`${made}.json`, `${place(sha256)}.json`)
    if (!has(sha256)) {
      await discardFolder(place(sha256))
      await rename(made, place(sha256)).catch((error: NodeJS.ErrnoException) => {
        // Another process that shares the folder was faster.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
      })
    }
    whole.add(sha256)
  }

  async function discardFolder(path: string): Promise<void> {
    if (!existsSync(path)) return
    const gone = join(tmp, randomUUID())
    await rename(path, gone)
    await rm(gone, { recursive: true, force: true })
  }

  /** Creates the folder of a hash unless it is here; one at a time for each hash. */
  function ensure(sha256: string, make: (folder: string) => Promise<Unpacked>): Promise<string> {
    if (has(sha256)) return Promise.resolve(place(sha256))
    const before = making.get(sha256)
    if (before !== undefined) return before
    const work = (async () => {
      if (await isWhole(place(sha256))) {
        whole.add(sha256)
        return place(sha256)
      }
      await inPlace(async (made) => settle(sha256, made, await make(made)))
      return place(sha256)
    })().finally(() => making.delete(sha256))
    making.set(sha256, work)
    return work
  }

  /** Runs `work` with an empty folder, which is removed afterwards if it is still there. */
  async function inPlace(work: (made: string) => Promise<void>): Promise<void> {
    const made = join(tmp, randomUUID())
    await UNPACKING.acquire(FOREVER)
    try {
      await mkdir(made, { mode: 0o700 })
      await work(made)
    } finally {
      UNPACKING.release()
      await rm(made, { recursive: true, force: true })
    }
  }

  async function fetch(archive: StoredArchive, made: string): Promise<Unpacked> {
    const file = `${made}.zip`
    try {
      const found = await store(Readable.from(topic.read(archive)), file, archive.bytes)
      if (found.sha256 !== archive.sha256)
        throw new Error(`The archive ${archive.id} has another hash in Kafka: ${found.sha256}.`)
      return await unpack(file, made)
    } finally {
      await rm(file, { force: true })
    }
  }

  return {
    has,
    folderOf: (archive) => ensure(archive.sha256, (made) => fetch(archive, made)),
    folderOfModule: ({ file, code }) =>
      ensure(hash('sha256', `${file}\n${code}`), async (made) => {
        await writeFile(join(made, file), code)
        return { files: 1, bytes: Buffer.byteLength(code) }
      }),
    async accept(source, maxBytes) {
      const file = join(tmp, `${randomUUID()}.zip`)
      try {
        const { sha256, bytes } = await store(source, file, maxBytes)
        // An archive that is in use was checked before.
        if (!has(sha256)) await inPlace(async (made) => settle(sha256, made, await unpack(file, made)))
        return { sha256, bytes, file, discard: () => rm(file, { force: true }) }
      } catch (error) {
        await rm(file, { force: true })
        throw error
      }
    },
    async keepOnly(sha256s) {
      for (const name of await readdir(ready)) {
        const sha256 = name.replace('.json', '')
        if (!SHA256.test(sha256) || sha256s.has(sha256) || making.has(sha256)) continue
        whole.delete(sha256)
        await (name === sha256 ? discardFolder(place(sha256)) : rm(join(ready, name), { force: true })).catch(
          (error: Error) =>
            log.warn({ err: error, sha256 }, 'code that no function uses any more could not be removed'),
        )
      }
    },
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
