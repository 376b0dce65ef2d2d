/** The file with the bytes of an object: its records, compressed. */
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

const pathOf = (spool: Spool): string => `${spool.path}.object`

/** Makes the file of an object from its records. Without compression, that of the records is returned. */
export async function makeObjectFile(
  spool: Spool,
  compression: Compression,
  signal: AbortSignal,
): Promise<ObjectFile> {
  const { compressor } = COMPRESSIONS[compression]
  if (compressor === undefined) return { path: spool.path, length: spool.bytes, crc32: spool.crc32 }
  const path = pathOf(spool)
  const from = await open(spool.path)
  const to = await open(path, 'w', 0o600).catch(async (error: unknown) => {
    await from.close()
    throw error
  })
  const records = from.createReadStream({ signal, highWaterMark: READ_BYTES })
  const compressed = compressor()
  records.on('error', (error) => compressed.destroy(error))
  try {
    let [length, crc] = [0, 0]
    for await (const chunk of records.pipe(compressed) as AsyncIterable<Buffer>) {
      await to.writeFile(chunk)
      length += chunk.length
      crc = crc32(chunk, crc)
    }
    return { path, length, crc32: crc }
  } finally {
    records.destroy()
    await to.close()
  }
}

export const removeObjectFile = (spool: Spool): Promise<void> => rm(pathOf(spool), { force: true })
