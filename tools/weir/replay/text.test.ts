import { gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { UsageError } from '../command.ts'
import { textOf } from './text.ts'

const TEXT = 'däta 🚕\n'.repeat(3)

async function read(bytes: Buffer, size: number): Promise<string> {
  const source = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  let text = ''
  for await (const piece of textOf(source(), 'trips')) text += piece
  return text
}

const big = Buffer.from(`\uFEFF${TEXT}`, 'utf16le').swap16()
test.each([
  ['UTF-8', Buffer.from(TEXT)],
  ['a byte order mark', Buffer.from(`\uFEFF${TEXT}`)],
  ['UTF-16, little-endian', Buffer.from(`\uFEFF${TEXT}`, 'utf16le')],
  ['UTF-16, big-endian', big],
  ['gzip', gzipSync(TEXT)],
  ['a byte order mark in gzip', gzipSync(`\uFEFF${TEXT}`)],
  ['zstd', zstdCompressSync(TEXT)],
  ['UTF-16 in zstd', zstdCompressSync(big)],
  [
    'zstd after a skippable frame',
    Buffer.concat([Buffer.from('502a4d1801000000ff', 'hex'), zstdCompressSync(TEXT)]),
  ],
])('%s', async (_, bytes) => {
  for (const size of [1, 2, 5, 1000]) expect(await read(bytes, size)).toBe(TEXT)
})

test('bytes that are no text make the text ill-formed, unlike the mark that others left for such bytes', async () => {
  const lost = Buffer.from('M\uFFFDller \uFFFD')
  for (const size of [1, 2, 3, 5, 1000]) {
    expect(await read(lost, size)).toBe('M\uFFFDller \uFFFD')
    for (const damage of ['ff', 'c3', 'eda080', 'efbf', 'f09f9a']) {
      expect(
        (await read(Buffer.concat([lost, Buffer.from(damage, 'hex')]), size)).isWellFormed(),
        damage,
      ).toBe(false)
    }
  }
  expect((await read(Buffer.from(`\uFEFF${TEXT}`, 'utf16le').subarray(0, -1), 1000)).isWellFormed()).toBe(
    false,
  )
})

test('a text shorter than any mark', async () => {
  expect([
    await read(Buffer.from(''), 1),
    await read(Buffer.from('a'), 1),
    await read(Buffer.from('{}'), 9),
  ]).toEqual(['', 'a', '{}'])
})

test.each([
  [
    'zip',
    Buffer.from('PK\x03\x04....'),
    'trips is a zip archive or a workbook; unpack it, or save the sheet as CSV.',
  ],
  ['bzip2', Buffer.from('BZh91AY&SY'), 'trips is compressed with bzip2; unpack it with bzip2 -d.'],
  ['xz', Buffer.from('fd377a585a000004', 'hex'), 'trips is compressed with xz; unpack it with xz -d.'],
  ['gzip cut off', gzipSync(TEXT).subarray(0, -4), 'trips cannot be read to its end: it is cut off.'],
  [
    'gzip and other bytes',
    Buffer.concat([gzipSync(TEXT), Buffer.alloc(4)]),
    'trips cannot be read to its end: it has other bytes after its gzip data.',
  ],
])('%s', async (_, bytes, sentence) => {
  for (const size of [1, 1000]) await expect(read(bytes, size)).rejects.toThrow(new UsageError(sentence))
})
