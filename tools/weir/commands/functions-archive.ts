/**
 * Packs the code of a function as an archive: a zip as it is, a single file, or a folder with everything in
 * it.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { ZipFile } from 'yazl'
import { UsageError } from '../command.ts'

/** The most bytes that Lambda unpacks. */
const MAX_BYTES = 262_144_000
/** A fixed time, so that the same files make the same archive, whenever they were written. */
const MTIME = new Date(1980, 0, 1)

export interface Entry {
  /** Path within the archive, with slashes. */
  readonly name: string
  readonly bytes: Buffer
  readonly executable?: boolean
}

export async function zipOf(entries: Iterable<Entry>): Promise<Buffer> {
  const zip = new ZipFile()
  for (const { name, bytes, executable = false } of entries)
    zip.addBuffer(bytes, name, { mtime: MTIME, mode: executable ? 0o100755 : 0o100644 })
  zip.end()
  return buffer(zip.outputStream)
}

/** @param path a .zip, a folder, or a file that is all of the code */
export async function archiveOf(path: string): Promise<Buffer> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      error.code === 'ENOENT' ? `There is no file ${path}.` : `${path} cannot be read (${error.code}).`,
    )
  })
  if (found.isDirectory()) return zipOf(await entriesIn(path))
  if (path.endsWith('.zip')) return readFile(path)
  return zipOf([
    { name: basename(path), bytes: await readFile(path), executable: (found.mode & 0o111) !== 0 },
  ])
}

/** Lists the files of a folder. Follows links, because an archive has only files. */
async function entriesIn(root: string): Promise<Entry[]> {
  const entries: Entry[] = []
  let bytes = 0
  const walk = async (folder: string, prefix: string, above: readonly string[]): Promise<void> => {
    const real = await realpath(folder)
    if (above.includes(real))
      throw new UsageError(`${folder} links to a folder that contains it; leave it out.`)
    for (const name of (await readdir(folder)).sort()) {
      if (name === '.git') continue
      const path = join(folder, name)
      const found = await stat(path)
      if (found.isDirectory()) await walk(path, `${prefix}${name}/`, [...above, real])
      else if (found.isFile()) {
        bytes += found.size
        if (bytes > MAX_BYTES)
          throw new UsageError(`${root} has more than ${MAX_BYTES} bytes, the most that Lambda unpacks.`)
        entries.push({
          name: `${prefix}${name}`,
          bytes: await readFile(path),
          executable: (found.mode & 0o111) !== 0,
        })
      }
    }
  }
  await walk(root, '', [])
  if (entries.length === 0) throw new UsageError(`The folder ${root} has no files.`)
  return entries
}
