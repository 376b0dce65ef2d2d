/** Opens a file of records. Its format is detected from its content, not from its name. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Refused, UsageError } from '../command.ts'
import { guessDelimiter } from './csv.ts'
import { textOf } from './text.ts'

export interface RecordFile {
  readonly path: string
  /** Bytes on disk. */
  readonly size: number
  /** Time of the last change, ms since the epoch. */
  readonly changedAt: number
  readonly format: 'csv' | 'ndjson'
  /** Separates the cells of a CSV file. */
  readonly delimiter: string
}

/** An open file: its text, and the number of bytes read. */
export interface OpenFile {
  readonly text: AsyncIterable<string>
  /** Bytes read from disk so far. */
  bytesRead(): number
  close(): void
}

const CHUNK_BYTES = 256 * 1024
/** Characters within which the first line should end. */
const HEAD_LENGTH = 64 * 1024

/** @param delimiter undefined: detected from the header line */
export async function recordFile(path: string, delimiter?: string): Promise<RecordFile> {
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      error.code === 'ENOENT' ? `There is no file ${path}.` : `${path} cannot be read (${error.code}).`,
    )
  })
  const found = await handle.stat().finally(() => handle.close())
  if (!found.isFile())
    throw new UsageError(
      `${path} is not a file; a replay reads its file twice. For a stream use \`weir send TOPIC -\`.`,
    )
  if (found.size === 0) throw new UsageError(`${path} is empty.`)
  const file = { path, size: found.size, changedAt: found.ctimeMs, format: 'csv', delimiter: ',' } as const
  const head = await beginning(file)
  if (head.startsWith('{')) return { ...file, format: 'ndjson' }
  return { ...file, delimiter: delimiter ?? guessDelimiter(head) }
}

export function openFile({ path }: RecordFile): OpenFile {
  const disk = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  return { text: textOf(disk, path), bytesRead: () => disk.bytesRead, close: () => disk.destroy() }
}

/**
 * Throws if the file grew or shrank since it was first opened. Call it after the text was read to the end.
 */
export function checkSize({ path, size }: RecordFile, bytesRead: number): void {
  if (bytesRead === size) return
  throw new Refused(
    `${path} changed while it was read: it had ${size} bytes, now it has ${bytesRead}. Replay it when it is complete.`,
  )
}

/** Turns a read error into an error for the file's owner. */
export function unreadable({ path }: RecordFile, error: unknown): Error {
  if (error instanceof UsageError || error instanceof Refused) return error
  return new UsageError(`${path} cannot be read to its end: ${(error as Error).message}.`)
}

/** SHA-256 of the bytes on disk, in hex. */
export async function contentHash({ path }: RecordFile, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    hash.update(chunk as Buffer)
    signal.throwIfAborted()
  }
  return hash.digest('hex')
}

/**
 * Throws if the file was written to since it was first opened and its content has changed.
 * @param hash hash of the original content
 */
export async function checkContent(file: RecordFile, hash: string, signal: AbortSignal): Promise<void> {
  const { ctimeMs } = await stat(file.path)
  if (ctimeMs === file.changedAt || (await contentHash(file, signal)) === hash) return
  throw new Refused(
    `${file.path} changed while it was read, so some of its rows may have been missed. Replay it with a new --run name when it is complete.`,
  )
}

/** Returns the beginning of the text up to a line end, without leading blanks. */
async function beginning(file: RecordFile): Promise<string> {
  const { text, close } = openFile(file)
  let head = ''
  try {
    for await (const chunk of text) {
      head = (head + chunk).trimStart()
      if (head.length >= HEAD_LENGTH || /[\n\r]/.test(head)) break
    }
    return head
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    close()
  }
}
