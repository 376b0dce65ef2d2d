/** The file with the bytes of an object: its records, compressed. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { crc32, createGzip } from 'node:zlib'
import type { Compression } from '@weir/deliveries'

export interface ObjectFile {
  readonly length: number
  readonly crc32: number
}

/** How to compress records, and the extension of such objects. */
const COMPRESSIONS: Readonly<
  Record<Compression, { readonly extension: string; compress(records: Readable): Readable }>
> = {
  UNCOMPRESSED: { extension: '', compress: (records) => records },
  GZIP: { extension: '.gz', compress: (records) => records.pipe(createGzip()) },
}

export const extensionOf = (compression: Compression): string => COMPRESSIONS[compression].extension

/** Writes the records of the one file into the other. The same records make the same bytes. */
export async function writeObjectFile(
  from: string,
  to: string,
  compression: Compression,
  signal: AbortSignal,
): Promise<ObjectFile> {
  const records = createReadStream(from, { signal })
  const file = await open(to, 'w', 0o600)
  try {
    let [length, crc] = [0, 0]
    const compressed = COMPRESSIONS[compression].compress(records)
    records.on('error', (error) => compressed.destroy(error))
    for await (const chunk of compressed as AsyncIterable<Buffer>) {
      await file.writeFile(chunk)
      length += chunk.length
      crc = crc32(chunk, crc)
    }
    return { length, crc32: crc }
  } finally {
    records.destroy()
    await file.close()
  }
}
