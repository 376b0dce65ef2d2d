/** The file with the bytes of an object: its records, compressed. */
import { createReadStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
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

/** Makes the file of an object from its records, and removes it when `use` has settled. */
export async function withObjectFile(
  spool: Spool,
  compression: Compression,
  signal: AbortSignal,
  use: (file: ObjectFile) => Promise<void>,
): Promise<void> {
  const { compressor } = COMPRESSIONS[compression]
  if (compressor === undefined) return use({ path: spool.path, length: spool.bytes, crc32: spool.crc32 })
  const path = `${spool.path}.object`
  try {
    await use(await compress(spool.path, path, compressor(), signal))
  } finally {
    await rm(path, { force: true })
  }
}

async function compress(
  from: string,
  path: string,
  compressor: Duplex,
  signal: AbortSignal,
): Promise<ObjectFile> {
  const records = createReadStream(from, { signal, highWaterMark: READ_BYTES })
  records.on('error', (error) => compressor.destroy(error))
  const file = await open(path, 'w', 0o600)
  try {
    let [length, crc] = [0, 0]
    for await (const chunk of records.pipe(compressor) as AsyncIterable<Buffer>) {
      await file.writeFile(chunk)
      length += chunk.length
      crc = crc32(chunk, crc)
    }
    return { path, length, crc32: crc }
  } finally {
    records.destroy()
    await file.close()
  }
}
