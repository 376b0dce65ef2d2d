/** The file with the bytes of an object: its records, compressed. */
import { open, rm } from 'node:fs/promises'
import type { Duplex, Readable } from 'node:stream'
import { crc32, createGzip } from 'node:zlib'
import type { Compression } from '@weir/deliveries'
import type { Spool } from './spool.ts'

export interface ObjectFile {
  readonly path: string
  readonly length: number
  readonly crc32: number
}

export const READ_BYTES = 1 << 20

/** How to compress records, and the extension of such objects. The same records must make the same bytes. */
const COMPRESSIONS: Readonly<
  Record<Compression, { extension: string; compressor: (() => Duplex) | undefined }>
> = {
  UNCOMPRESSED: { extension: '', compressor: undefined },
  GZIP: { extension: '.gz', compressor: createGzip },
}

export const extensionOf = (compression: Compression): string => COMPRESSIONS[compression].extension

const pathOf = (spool: Spool): string => `${spool.path}.object`

/** Makes the file of an object from its records. Without compression, that of the records is returned. */
export async function makeObjectFile(
  spool: Spool,
  compression: Compression,
  signal: AbortSignal,
): Promise<ObjectFile> {
  if (COMPRESSIONS[compression].compressor === undefined)
    return { path: spool.path, length: spool.bytes, crc32: spool.crc32 }
  const from = await open(spool.path)
  return writeObjectFile(spool, from.createReadStream({ signal, highWaterMark: READ_BYTES }), compression)
}

/** Makes the file of an object from other bytes, which it destroys if that fails. */
export async function writeObjectFile(
  spool: Spool,
  bytes: Readable,
  compression: Compression,
): Promise<ObjectFile> {
  const { compressor } = COMPRESSIONS[compression]
  const path = pathOf(spool)
  const compressed = compressor?.()
  const source = compressed === undefined ? bytes : bytes.pipe(compressed)
  // The loop below throws the error of its source, even an earlier one.
  bytes.on('error', (error) => compressed?.destroy(error))
  compressed?.on('error', () => {})
  const file = await open(path, 'w', 0o600).catch((error: unknown) => {
    bytes.destroy()
    throw error
  })
  try {
    let [length, crc] = [0, 0]
    for await (const chunk of source as AsyncIterable<Buffer>) {
      await file.writeFile(chunk)
      length += chunk.length
      crc = crc32(chunk, crc)
    }
    return { path, length, crc32: crc }
  } finally {
    bytes.destroy()
    await file.close()
  }
}

export const removeObjectFile = (spool: Spool): Promise<void> => rm(pathOf(spool), { force: true })
