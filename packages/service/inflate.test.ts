import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, inject, test } from 'vitest'
import { type Compression, InflateError, inflated } from './inflate.ts'

const CHECKED = { params: { [constants.ZSTD_c_checksumFlag]: 1 } }
const LONG = Buffer.from(
  Array.from({ length: inject('thorough') ? 300_000 : 60_000 }, (_, i) => (i * i * 31) % 251),
)
const SKIPPABLE = Buffer.concat([Buffer.from([0x5e, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), Buffer.from('notes')])
/**
 * RFC 8878, section 3.1.1: a frame without content size whose two raw blocks hold "ab" and nothing, and a
 * frame with a run of 5 bytes.
 */
const RAW = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, 2 << 3, 0, 0, 0x61, 0x62, 1, 0, 0])
const RUN = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, (5 << 3) | 2 | 1, 0, 0, 0x63])

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function inflate(
  bytes: Buffer,
  compression: Compression,
  size = bytes.length,
  maxFrames?: number,
): Promise<Buffer> {
  const source = async function* (): AsyncGenerator<Buffer> {
    yield* pieces(bytes, size)
  }
  const chunks: Buffer[] = []
  for await (const chunk of inflated(source(), compression, maxFrames === undefined ? {} : { maxFrames }))
    chunks.push(chunk)
  return Buffer.concat(chunks)
}

const PARTS: Readonly<Record<Compression, readonly (readonly [Buffer, Buffer])[]>> = {
  gzip: [
    [gzipSync('one'), Buffer.from('one')],
    [gzipSync(''), Buffer.alloc(0)],
    [gzipSync(LONG), LONG],
    [gzipSync('last'), Buffer.from('last')],
  ],
  zstd: [
    [SKIPPABLE, Buffer.alloc(0)],
    [zstdCompressSync('one'), Buffer.from('one')],
    [zstdCompressSync(''), Buffer.alloc(0)],
    [RAW, Buffer.from('ab')],
    [zstdCompressSync(LONG, CHECKED), LONG],
    [RUN, Buffer.from('ccccc')],
    [SKIPPABLE, Buffer.alloc(0)],
    [zstdCompressSync('last', CHECKED), Buffer.from('last')],
  ],
}

describe.each(['gzip', 'zstd'] as const)('with %s', (compression) => {
  const packed = Buffer.concat(PARTS[compression].map(([bytes]) => bytes))
  const plain = Buffer.concat(PARTS[compression].map(([, bytes]) => bytes))

  test.each([1, 2, 3, 7, 13, 100, 4096, packed.length])(
    'all parts are read in chunks of %i bytes',
    async (size) => {
      const got = await inflate(packed, compression, size)
      expect(got.equals(plain)).toBe(true)
    },
  )

  test('data cut anywhere but between parts is an error', async () => {
    const small = PARTS[compression].filter(([bytes]) => bytes.length < 100).map(([bytes]) => bytes)
    const bytes = Buffer.concat(small)
    const ends = new Set(small.map((_, i) => Buffer.concat(small.slice(0, i + 1)).length))
    for (let length = 1; length < bytes.length; length++) {
      for (const size of [1, length]) {
        const done = inflate(bytes.subarray(0, length), compression, size)
        if (ends.has(length)) await done
        else await expect(done, `${length} bytes`).rejects.toThrow(InflateError)
      }
    }
  })

  test.each(['x', '\0', '\0\0\0\0', 'other bytes'])('%j after the end is an error', async (more) => {
    const bytes = Buffer.concat([packed, Buffer.from(more)])
    for (const size of [7, packed.length, bytes.length])
      await expect(inflate(bytes, compression, size)).rejects.toThrow(InflateError)
  })

  test('empty data is an error', async () => {
    await expect(inflate(Buffer.alloc(0), compression)).rejects.toThrow('is cut off')
  })

  test('an error of the source is thrown unchanged, even after the end of the data', async () => {
    const source = async function* (): AsyncGenerator<Buffer> {
      yield packed
      throw new RangeError('gone')
    }
    const read = async (): Promise<void> => {
      for await (const _ of inflated(source(), compression));
    }
    await expect(read()).rejects.toThrow(new RangeError('gone'))
  })

  test('a reader that stops early ends the source', async () => {
    let ended = false
    const source = async function* (): AsyncGenerator<Buffer> {
      try {
        for (let i = 0; i < 1000; i++) yield packed
      } finally {
        ended = true
      }
    }
    for await (const _ of inflated(source(), compression)) break
    await expect.poll(() => ended).toBe(true)
  })
})

test('other data after the end is reported before anything is emitted, if it is in the same chunk', async () => {
  for (const [compression, bytes] of [
    ['zstd', Buffer.concat([zstdCompressSync('a'), gzipSync('b')])],
    ['gzip', Buffer.concat([gzipSync('a'), zstdCompressSync('b')])],
  ] as const) {
    const chunks: Buffer[] = []
    const read = async (): Promise<void> => {
      for await (const chunk of inflated(
        (async function* () {
          yield bytes
        })(),
        compression,
      ))
        chunks.push(chunk)
    }
    await expect(read()).rejects.toThrow(InflateError)
    expect(chunks).toEqual([])
  }
})

test('data after the end and data of another format cause different errors', async () => {
  await expect(inflate(Buffer.concat([zstdCompressSync('a'), gzipSync('b')]), 'zstd')).rejects.toThrow(
    'has other bytes after its zstd data',
  )
  await expect(inflate(gzipSync('a'), 'zstd')).rejects.toThrow('is not valid zstd')
  await expect(inflate(Buffer.concat([gzipSync('a'), zstdCompressSync('b')]), 'gzip')).rejects.toThrow(
    'is not valid gzip',
  )
  await expect(
    inflate(Buffer.concat([gzipSync('a'), Buffer.alloc(8), gzipSync('b')]), 'gzip'),
  ).rejects.toThrow('has other bytes after its gzip data')
})

test('the number of zstd frames is bounded if the caller sets a bound', async () => {
  const frames = Buffer.concat(Array(20).fill(zstdCompressSync('a')))
  expect((await inflate(frames, 'zstd', 50, 20)).toString()).toBe('a'.repeat(20))
  await expect(inflate(frames, 'zstd', 50, 19)).rejects.toThrow('more than 19 zstd frames')
})
