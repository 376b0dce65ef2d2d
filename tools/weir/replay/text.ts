/**
 * Reads the text of a file or of standard input. Gzip and zstd are decompressed; the byte order mark selects
 * UTF-16, everything else is UTF-8.
 */
import { type Compression, InflateError, inflated, isZstdMagic } from '@weir/service/inflate.ts'
import { UsageError } from '../command.ts'

const CHUNK_BYTES = 256 * 1024
/** Enough bytes to recognise every format below. */
const HEAD_BYTES = 6

/** Formats that are not supported, by their first bytes. */
const OTHERS: readonly (readonly [hex: string, what: string, remedy: string])[] = [
  ['504b0304', 'a zip archive or a workbook', 'unpack it, or save the sheet as CSV'],
  ['d0cf11e0', 'a workbook', 'save the sheet as CSV'],
  ['fd377a585a00', 'compressed with xz', 'unpack it with xz -d'],
  ['425a68', 'compressed with bzip2', 'unpack it with bzip2 -d'],
  ['04224d18', 'compressed with lz4', 'unpack it with lz4 -d'],
  ['50415231', 'a Parquet file', 'write it as CSV or NDJSON'],
]

/**
 * Yields text. It is not well-formed (String.isWellFormed) if bytes do not fit its encoding.
 * Throws a UsageError for data that is not text, is cut off, or is followed by other bytes.
 * @param name the file's name in errors
 */
export async function* textOf(source: AsyncIterable<Buffer>, name: string): AsyncGenerator<string, void> {
  try {
    const { head, all } = await peek(source)
    const compression = compressionOf(head)
    yield* decoded(
      compression === undefined ? all : inflated(all, compression, { chunkBytes: CHUNK_BYTES }),
      name,
    )
  } catch (error) {
    if (error instanceof InflateError)
      throw new UsageError(`${name} cannot be read to its end: it ${error.message}.`)
    throw error
  }
}

function compressionOf(head: Buffer): Compression | undefined {
  if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b) return 'gzip'
  return head.length >= 4 && isZstdMagic(head.readUInt32LE(0)) ? 'zstd' : undefined
}

async function* decoded(bytes: AsyncIterable<Buffer>, name: string): AsyncGenerator<string, void> {
  const { head, all } = await peek(bytes)
  const other = OTHERS.find(([hex]) => head.toString('hex').startsWith(hex))
  if (other) throw new UsageError(`${name} is ${other[1]}; ${other[2]}.`)
  const mark = head.toString('hex', 0, 2)
  const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf-8'
  const decoder = new TextDecoder(encoding)
  let before: Buffer = Buffer.alloc(0)
  for await (const chunk of all) {
    const text = decoder.decode(chunk, { stream: true })
    const bytes = before.length === 0 ? chunk : Buffer.concat([before, chunk])
    const isDamaged =
      text.includes(REPLACEMENT) &&
      (encoding !== 'utf-8' || count(text, REPLACEMENT) > count(bytes, REPLACEMENT))
    if (text !== '') yield isDamaged ? marked(text) : text
    before = bytes.subarray(-2)
  }
  const rest = decoder.decode()
  if (rest !== '') yield marked(rest)
}

/**
 * The character that decoders put in place of invalid bytes. A file may also contain it itself, if another
 * program lost such bytes.
 */
const REPLACEMENT = '\uFFFD'

/**
 * Replaces the character with half a surrogate pair, which no bytes decode to: the text is not well-formed if
 * bytes were damaged.
 */
const marked = (text: string): string => text.replaceAll(REPLACEMENT, '\uDC80')

/** Counts how often the character occurs in a text or its UTF-8. */
function count(where: string | Buffer, character: string): number {
  let found = 0
  for (let at = where.indexOf(character); at >= 0; at = where.indexOf(character, at + 1)) found++
  return found
}

/** Returns the first bytes of a source, and a source that yields all of them. */
async function peek(source: AsyncIterable<Buffer>): Promise<{ head: Buffer; all: AsyncIterable<Buffer> }> {
  const chunks = source[Symbol.asyncIterator]()
  let head: Buffer = Buffer.alloc(0)
  let next = await chunks.next()
  for (; !next.done; next = await chunks.next()) {
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
    if (head.length >= HEAD_BYTES) break
  }
  const all = async function* (): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) yield head
      yield* { [Symbol.asyncIterator]: () => chunks }
    } finally {
      await chunks.return?.()
    }
  }
  return { head, all: all() }
}
