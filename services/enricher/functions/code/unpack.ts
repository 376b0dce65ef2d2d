/**
 * Unpacks the archive of a function. Every archive is hostile until all of it has been read: names stay
 * inside the folder, nothing is a link or a device, no file comes twice, sizes and checksums are those that
 * the archive states, and the whole stays within Lambda's bound however well it is compressed.
 */
import { createWriteStream } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { type Entry, openPromise, type ZipFile } from 'yauzl'

/** Bytes of all files together (Lambda quotas, "Deployment package size"). */
export const MAX_UNPACKED_BYTES = 262_144_000
/**
 * The most entries of an archive, and the most files and folders that they create: a name may add a folder
 * for each of its parts. Lambda has no such bound; large node_modules have some ten thousand files.
 */
const MAX_ENTRIES = 100_000
/**
 * The most bytes of a name with its folders, and of a part of it, and the deepest nesting. File systems
 * accept 255 bytes per part.
 */
const MAX_NAME_BYTES = 1024
const MAX_PART_BYTES = 255
const MAX_DEPTH = 64
/** Characters of a name that an error shows. */
const MAX_SHOWN = 100

/** Bits of the mode in a Unix file's external attributes. */
const TYPE_BITS = 0o170000
const FOLDER = 0o040000
const REGULAR = 0o100000
const EXECUTABLE = 0o111
const CREATED_BY_UNIX = 3

export type ArchiveProblem = 'corrupt' | 'refused' | 'too-large'

/**
 * The archive is at fault. `detail` is a sentence for cases in which Lambda's own text does not say enough.
 */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
  readonly problem: ArchiveProblem
  readonly detail: string

  constructor(problem: ArchiveProblem, detail: string, cause?: unknown) {
    super(detail, { cause })
    this.problem = problem
    this.detail = detail
  }
}

export interface Unpacked {
  readonly files: number
  readonly bytes: number
}

/** Unpacks into an empty folder. Rejects with an ArchiveError; what it has written by then stays. */
export async function unpack(
  archive: string,
  folder: string,
  maxBytes: number = MAX_UNPACKED_BYTES,
): Promise<Unpacked> {
  const stated = await check(archive, maxBytes)
  const folders = new Set<string>()
  for await (const { zip, entry } of entriesOf(archive)) {
    const path = join(folder, ...entry.fileName.split('/'))
    const isFolder = entry.fileName.endsWith('/')
    const parent = isFolder ? path : dirname(path)
    if (!folders.has(parent)) await mkdir(parent, { recursive: true })
    folders.add(parent)
    if (isFolder) continue
    const source = await zip.openReadStreamPromise(entry).catch((error: Error) => {
      throw corrupt(error)
    })
    // The stream fails if more bytes come than the entry states.
    await pipeline(
      source,
      checked(entry),
      createWriteStream(path, { flags: 'wx', mode: isExecutable(entry) ? 0o755 : 0o644 }),
    ).catch((error: Error) => {
      throw error instanceof ArchiveError || isOfDisk(error) ? error : corrupt(error)
    })
  }
  return stated
}

/** Reads what the archive states, and throws if not all of it can be unpacked, before anything is written. */
async function check(archive: string, maxBytes: number): Promise<Unpacked> {
  const { size } = await stat(archive)
  const names = new Names()
  let [files, bytes, packed] = [0, 0, 0]
  for await (const { entry } of entriesOf(archive)) {
    names.add(entry.fileName)
    isExecutable(entry)
    packed += entry.compressedSize
    if (packed > size) throw new ArchiveError('refused', 'Its entries overlap.')
    if (entry.fileName.endsWith('/')) continue
    files++
    bytes += entry.uncompressedSize
    if (bytes > maxBytes) throw new ArchiveError('too-large', `It has more than ${maxBytes} bytes unpacked.`)
  }
  if (files === 0) throw new ArchiveError('refused', 'It is empty.')
  return { files, bytes }
}

async function* entriesOf(archive: string): AsyncGenerator<{ readonly zip: ZipFile; readonly entry: Entry }> {
  const zip = await openPromise(archive).catch((error: Error) => {
    throw corrupt(error)
  })
  try {
    if (zip.entryCount > MAX_ENTRIES)
      throw new ArchiveError(
        'refused',
        `It has ${zip.entryCount} entries; at most ${MAX_ENTRIES} are unpacked.`,
      )
    const entries = zip.eachEntry()[Symbol.asyncIterator]()
    for (;;) {
      const { value, done } = await entries.next().catch((error: Error) => {
        throw corrupt(error)
      })
      if (done) return
      yield { zip, entry: value }
    }
  } finally {
    zip.close()
  }
}

/** Passes the bytes of an entry on, and compares their checksum at the end. */
function checked({ fileName, crc32: expected }: Entry): Transform {
  let checksum = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      checksum = crc32(chunk, checksum)
      done(null, chunk)
    },
    flush: (done) =>
      done(
        checksum === expected
          ? null
          : new ArchiveError('corrupt', `The checksum of ${shown(fileName)} is wrong.`),
      ),
  })
}

/**
 * Whether the file may be executed. Throws for encrypted entries and for those that are neither files nor
 * folders.
 */
function isExecutable(entry: Entry): boolean {
  const { fileName, versionMadeBy, externalFileAttributes } = entry
  if (entry.isEncrypted()) throw new ArchiveError('refused', `${shown(fileName)} is encrypted.`)
  const mode = versionMadeBy >> 8 === CREATED_BY_UNIX ? externalFileAttributes >>> 16 : 0
  const type = mode & TYPE_BITS
  if (type !== 0 && type !== FOLDER && type !== REGULAR) {
    throw new ArchiveError(
      'refused',
      `${shown(fileName)} is a link or a device; archive the files themselves (zip without -y).`,
    )
  }
  return (mode & EXECUTABLE) !== 0
}

/**
 * The names of an archive: each is unique, and no file is the folder of another name, even if the file system
 * ignores case or encodes accents differently.
 */
class Names {
  readonly #kinds = new Map<string, 'file' | 'folder'>()

  add(name: string): void {
    const isFolder = name.endsWith('/')
    const parts = (isFolder ? name.slice(0, -1) : name).split('/')
    const isBad =
      Buffer.byteLength(name) > MAX_NAME_BYTES || parts.length > MAX_DEPTH || parts.some(isBadPart)
    if (isBad) throw new ArchiveError('refused', `The name ${shown(name)} cannot be used for a file.`)
    let path = ''
    for (let i = 0; i < parts.length; i++) {
      path += `/${parts[i]}`.normalize('NFC').toLowerCase()
      const kind = i < parts.length - 1 || isFolder ? 'folder' : 'file'
      const before = this.#kinds.get(path)
      if (before === undefined && this.#kinds.size >= MAX_ENTRIES)
        throw new ArchiveError('refused', `It has more than ${MAX_ENTRIES} files and folders.`)
      if (before !== undefined && (before !== kind || kind === 'file')) {
        throw new ArchiveError(
          'refused',
          `${shown(name)} occurs twice, or differs from another name only in case.`,
        )
      }
      this.#kinds.set(path, kind)
    }
  }
}

function isBadPart(part: string): boolean {
  return (
    part === '' ||
    part === '.' ||
    part === '..' ||
    Buffer.byteLength(part) > MAX_PART_BYTES ||
    /[\u0000-\u001f\u007f]/.test(part) ||
    !part.isWellFormed()
  )
}

/** Whether the disk is at fault, not the archive. */
function isOfDisk({ code }: NodeJS.ErrnoException): boolean {
  return (
    code !== undefined &&
    ['ENOSPC', 'EIO', 'EACCES', 'EPERM', 'EROFS', 'EMFILE', 'ENFILE', 'EDQUOT', 'ENOENT'].includes(code)
  )
}

function corrupt(error: Error): Error {
  return isOfDisk(error) ? error : new ArchiveError('corrupt', error.message, error)
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, MAX_SHOWN))
}
