import { gzipSync, zstdCompressSync } from 'node:zlib'
import { compressionsAlgorithms } from '@platformatic/kafka'
import { describe, expect, test } from 'vitest'
import { CODEC_NUMBER } from './codecs.ts'
import { AT, LOG_APPEND_TIME, writeInt64 } from './format.ts'
import { decodeHeaders, editHeaders, encodeHeaders, findHeader, listHeaders, NO_HEADERS } from './headers.ts'
import { head, join, tail } from './slice.ts'
import { at, marker, read, SAMPLES, samplesOf, seal, withRecords, write } from './testing/batches.ts'

describe('written records', () => {
  for (const [name, codec] of Object.entries(CODEC_NUMBER)) {
    test(`are read back with ${name}`, () => {
      const batch = read(
        Buffer.concat([at(10, write(SAMPLES, codec)), at(15, write(SAMPLES.slice(0, 2), codec))]),
        10,
      )
      expect(samplesOf(batch)).toEqual([...SAMPLES, ...SAMPLES.slice(0, 2)])
      expect([...batch.offsets.subarray(0, batch.length)]).toEqual([10, 11, 12, 13, 14, 15, 16])
      expect(batch.nextOffset).toBe(17)
      expect(Math.abs(batch.timestamps[0] - Date.now())).toBeLessThan(60_000)
    })
  }

  test('are not copied if they are not compressed', () => {
    const bytes = at(0, write(SAMPLES))
    expect(read(bytes).bytes).toBe(bytes)
  })

  test('may have different codecs in one response', () => {
    const batch = read(
      Buffer.concat([at(0, write(SAMPLES, 3)), at(5, write(SAMPLES, 0)), at(10, write(SAMPLES, 4))]),
    )
    expect(samplesOf(batch)).toEqual([...SAMPLES, ...SAMPLES, ...SAMPLES])
  })
})

/** Java's framing of snappy blocks. */
function xerial(parts: readonly Buffer[]): Buffer {
  const blocks = parts.flatMap((part) => {
    const block = compressionsAlgorithms.snappy.compressSync(part)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(block.length)
    return [length, block]
  })
  return Buffer.concat([Buffer.from('82534e41505059000000000100000001', 'hex'), ...blocks])
}

describe('records in several members, frames or blocks', () => {
  const records = write(SAMPLES).subarray(AT.records)
  const halves = [records.subarray(0, 200), records.subarray(200)]
  const skippable = Buffer.from('502a4d1803000000616263', 'hex')
  const { lz4 } = compressionsAlgorithms
  const PARTS: readonly (readonly [name: string, codec: number, parts: Buffer[]])[] = [
    ['gzip members', 1, halves.map((half) => gzipSync(half))],
    ['xerial blocks', 2, [xerial(halves)]],
    ['xerial streams', 2, halves.map((half) => xerial([half]))],
    ['lz4 frames', 3, halves.map((half) => lz4.compressSync(half))],
    ['zstd frames', 4, halves.map((half) => zstdCompressSync(half))],
    [
      'zstd frames beside skippable ones',
      4,
      [skippable, zstdCompressSync(halves[0]), skippable, zstdCompressSync(halves[1]), skippable],
    ],
  ]

  test.each(PARTS)('%s are all read', (_, codec, parts) => {
    expect(samplesOf(read(withRecords(codec, Buffer.concat(parts))))).toEqual(SAMPLES)
  })

  test.each(PARTS)('%s that are cut off, or followed by other bytes, are refused', (_, codec, parts) => {
    const whole = Buffer.concat(parts)
    const refused = [1, 2, 5, 9].map((bytes) => whole.subarray(0, whole.length - bytes))
    for (const more of ['x', '\0', '\0\0\0\0', 'other bytes'])
      refused.push(Buffer.concat([whole, Buffer.from(more)]))
    for (const bytes of refused)
      expect(() => read(withRecords(codec, bytes))).toThrow(expect.objectContaining({ code: 'corrupt' }))
  })

  test('more frames than a batch may have are refused', () => {
    expect(() => read(withRecords(4, Buffer.concat(Array(10_001).fill(skippable))))).toThrow(
      /more than 10000 parts/,
    )
  })

  test('bytes after the last record are refused', () => {
    expect(() => read(withRecords(0, Buffer.concat([records, Buffer.alloc(1)])))).toThrow(
      expect.objectContaining({ code: 'corrupt' }),
    )
    expect(() => read(withRecords(4, zstdCompressSync(Buffer.concat([records, records]))))).toThrow(
      expect.objectContaining({ code: 'corrupt' }),
    )
  })
})

test('a batch is encoded as in the protocol guide', () => {
  const batch = write([{ key: 'k', value: 'v', headers: { h: '1' } }])
  expect(batch.toString('hex', AT.records)).toBe(
    '18' + '00' + '00' + '00' + '026b' + '0276' + '02' + '0268' + '0231',
  )
  expect(batch.readInt32BE(AT.batchLength)).toBe(batch.length - 12)
  expect(batch.readInt16BE(AT.producerEpoch)).toBe(2)
  expect(batch.readInt32BE(AT.baseSequence)).toBe(5)
  expect(batch.readInt32BE(AT.recordCount)).toBe(1)
})

test('records below the position are dropped', () => {
  const batch = read(at(10, write(SAMPLES)), 13)
  expect([...batch.offsets.subarray(0, batch.length)]).toEqual([13, 14])
})

test('a truncated batch is left for the next fetch', () => {
  const whole = at(0, write(SAMPLES))
  const next = at(5, write(SAMPLES))
  for (const length of [1, 60, 61, next.length - 1]) {
    const batch = read(Buffer.concat([whole, next.subarray(0, length)]))
    expect([batch.length, batch.nextOffset]).toEqual([5, 5])
  }
  expect(read(whole.subarray(0, 100), 4)).toMatchObject({ length: 0, nextOffset: 4 })
})

test('LogAppendTime applies to every record of a batch', () => {
  const bytes = write(SAMPLES)
  bytes.writeInt16BE(LOG_APPEND_TIME, AT.attributes)
  writeInt64(bytes, AT.maxTimestamp, 1_700_000_000_123)
  expect(new Set(read(seal(bytes)).timestamps)).toEqual(new Set([1_700_000_000_123]))
})

describe('in transactions', () => {
  const of = (producerId: bigint, offset: number, value: string): Buffer =>
    at(
      offset,
      write([{ key: null, value }], 0, {
        producerId,
        producerEpoch: 0,
        baseSequence: 0,
        transactional: true,
      }),
    )

  test('aborted records and markers are left out, and the position moves beyond them', () => {
    const bytes = Buffer.concat([
      of(1n, 0, 'aborted'),
      of(2n, 1, 'kept'),
      of(1n, 2, 'aborted too'),
      marker(3, 1n, 0),
      of(1n, 4, 'next transaction'),
      marker(5, 2n, 1),
      marker(6, 1n, 1),
    ])
    const batch = read(bytes, 0, [{ producerId: 1n, firstOffset: 0 }])
    expect(samplesOf(batch).map(({ value }) => value)).toEqual(['kept', 'next transaction'])
    expect(batch.nextOffset).toBe(7)
  })

  test("an abort that begins later does not affect the producer's earlier transaction", () => {
    const bytes = Buffer.concat([
      of(1n, 0, 'committed'),
      marker(1, 1n, 1),
      of(1n, 2, 'aborted'),
      marker(3, 1n, 0),
    ])
    expect(samplesOf(read(bytes, 0, [{ producerId: 1n, firstOffset: 2 }])).map(({ value }) => value)).toEqual(
      ['committed'],
    )
  })

  test('a batch of control records alone moves the position', () => {
    expect(read(marker(41, 1n, 1), 41)).toMatchObject({ length: 0, nextOffset: 42 })
  })
})

test('head and tail split a batch, and join puts it together again', () => {
  const batch = read(at(0, write(SAMPLES)))
  const [first, rest] = [head(batch, 2), tail(batch, 2)]
  expect([first.nextOffset, rest.nextOffset]).toEqual([2, 5])
  expect(samplesOf(join([first, rest]))).toEqual(SAMPLES)
  expect(join([first, rest])).toMatchObject({ nextOffset: 5, length: 5 })
})

test('a header is found by its name', () => {
  const block = encodeHeaders({ a: '1', b: '2' })
  expect(findHeader(block, 0, 'b')!.toString()).toBe('2')
  expect(findHeader(block, 0, 'c')).toBeUndefined()
})

const entry = (name: string, value: number[] | null): number[] => [
  name.length * 2,
  ...Buffer.from(name),
  ...(value === null ? [1] : [value.length * 2, ...value]),
]

test('headers are listed in order, with repeated names, and null differs from empty', () => {
  const block = Buffer.from([
    9,
    8,
    ...entry('a', [0x31]),
    ...entry('b', null),
    ...entry('a', []),
    ...entry('a', null),
  ])
  expect(listHeaders(block, 1)).toEqual([
    ['a', Buffer.from('1')],
    ['b', null],
    ['a', Buffer.alloc(0)],
    ['a', null],
  ])
  expect(decodeHeaders(block, 1)).toEqual({ a: '', b: '' })
})

test('edited headers keep the others unchanged: repeated, binary and null ones', () => {
  const staying = [...entry('a', [0xff, 0x00]), ...entry('a', [0x80]), ...entry('null', null)]
  const block = Buffer.from([
    9,
    9,
    8,
    ...entry('a', [0xff, 0x00]),
    ...entry('gone', [1]),
    ...entry('a', [0x80]),
    ...entry('null', null),
  ])
  expect([...editHeaders(block, 2, (name) => name !== 'gone', { added: 'x' })]).toEqual([
    8,
    ...staying,
    ...entry('added', [0x78]),
  ])
  expect([...editHeaders(NO_HEADERS, 0, () => true, {})]).toEqual([0])
})

test('headers of text beyond ASCII and of bytes are written with their lengths in bytes', () => {
  const headers = { id: 'taxi-é-\u{1F695}', näme: 'x'.repeat(200), raw: Buffer.from([0, 0xff]), none: '' }
  const block = encodeHeaders(headers)
  expect(decodeHeaders(block, 0)).toEqual({ ...headers, raw: headers.raw.toString() })
  expect(listHeaders(block, 0)[2]).toEqual(['raw', headers.raw])
})
