/** Opening a file of records: what it is (CSV or NDJSON, plain, gzip or zstd) is told from its first bytes, not from its name. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { PassThrough, pipeline, type Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { Refused, UsageError } from '../command.ts'

export interface RecordFile {
  readonly path: string
  /** Bytes on disk. */
  readonly size: number
  readonly compression: 'none' | 'gzip' | 'zstd'
  readonly format: 'csv' | 'ndjson'
}

/** An open file: inflated text, and how far it was read. */
export interface OpenFile {
  readonly text: Readable
  /** Bytes read from disk so far. */
  bytesRead(): number
  close(): void
}

const CHUNK = 256 * 1024

export async function recordFile(path: string): Promise<RecordFile> {
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(error.code === 'ENOENT' ? `There is no file ${path}.` : `${path} cannot be read (${error.code}).`)
  })
  let size: number
  const head = Buffer.alloc(4)
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw new UsageError(`${path} is not a file; a replay reads its file twice. For a stream use \`weir send TOPIC -\`.`)
    size = stat.size
    await handle.read(head, 0, 4, 0)
  } finally {
    await handle.close()
  }
  if (size === 0) throw new UsageError(`${path} is empty.`)
  const compression = head.readUInt16BE(0) === 0x1f8b ? 'gzip' : head.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : 'none'
  const file = { path, size, compression, format: 'csv' } as const
  return { ...file, format: (await firstCharacter(file)) === '{' ? 'ndjson' : 'csv' }
}

export function openFile(file: RecordFile): OpenFile {
  const disk = createReadStream(file.path, { highWaterMark: CHUNK })
  const inflate: Transform = file.compression === 'gzip' ? createGunzip({ chunkSize: CHUNK }) : file.compression === 'zstd' ? createZstdDecompress({ chunkSize: CHUNK }) : new PassThrough()
  pipeline(disk, inflate, () => {}) // An error destroys `inflate`, where its reader meets it.
  return { text: inflate, bytesRead: () => disk.bytesRead, close: () => disk.destroy() }
}

/** What a broken file says to its owner. */
export function unreadable(file: RecordFile, error: unknown): Refused {
  return new Refused(`${file.path} cannot be read to its end: ${(error as Error).message}.`)
}

async function firstCharacter(file: RecordFile): Promise<string> {
  const { text, close } = openFile(file)
  try {
    for await (const chunk of text) {
      const begin = (chunk as Buffer).toString('utf8').replace(/^\uFEFF/, '').trimStart()
      if (begin !== '') return begin[0]
    }
    return ''
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    close()
  }
}
