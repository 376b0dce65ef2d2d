import { gzipSync, zstdCompressSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { compressionsAlgorithms } from '@platformatic/kafka'
import { describe, expect, test } from 'vitest'
import { KafkaError } from '../errors.ts'
import type { RecordBatch } from '../port.ts'
import { type AbortedTransaction, readBatches } from './batch-reader.ts'
import { BatchWriter } from './batch-writer.ts'
import { CODEC_NUMBER, MAX_INFLATED } from './codecs.ts'
import { AT, CONTROL, LOG_APPEND_TIME, TRANSACTIONAL, writeInt64 } from './format.ts'
import { decodeHeaders, editHeaders, encodeHeaders, findHeader, listHeaders, NO_HEADERS } from './headers.ts'
import { head, join, tail } from './slice.ts'
import { UnreadableBatch } from './unreadable-batch.ts'

interface Sample {
  key: string | null
  value: string | null
  headers?: Record<string, string>
}

const SAMPLES: Sample[] = [
  { key: 'a', value: 'one', headers: { 'weir-id': '1', empty: '' } },
  { key: null, value: 'two' },
  { key: '', value: '' },
  { key: 'tombstone', value: null },
  { key: 'x'.repeat(300), value: 'y'.repeat(70_000) },
]

function write(
  samples: readonly Sample[],
  codec = 0,
  sender = { producerId: 7n, producerEpoch: 2, baseSequence: 5, transactional: false },
): Buffer {
  const writer = new BatchWriter()
  for (const { key, value, headers } of samples) {
    const keyBytes = key === null ? null : Buffer.from(key)
    const valueBytes = value === null ? null : Buffer.from(value)
    const block = headers ? encodeHeaders(headers) : NO_HEADERS
    writer.append(
      keyBytes,
      0,
      keyBytes?.length ?? 0,
      valueBytes,
      0,
      valueBytes?.length ?? 0,
      block,
      0,
      block.length,
    )
  }
  return Buffer.from(writer.finish(sender, codec))
}

/** Sets the base offset as the broker does on append: it is outside the checksum. */
function at(offset: number, batch: Buffer): Buffer {
  writeInt64(batch, AT.baseOffset, offset)
  return batch
}

function seal(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(AT.attributes)), AT.crc)
  return batch
}

/**
 * A transaction's end as the coordinator writes it: the key is version and type, the value version and
 * coordinator epoch.
 */
function marker(offset: number, producerId: bigint, type: 0 | 1): Buffer {
  const writer = new BatchWriter()
  const key = Buffer.from([0, 0, 0, type])
  writer.append(key, 0, 4, Buffer.alloc(6), 0, 6, NO_HEADERS, 0, 1)
  const batch = Buffer.from(
    writer.finish({ producerId, producerEpoch: 0, baseSequence: -1, transactional: true }, 0),
  )
  batch.writeInt16BE(TRANSACTIONAL | CONTROL, AT.attributes)
  return at(offset, seal(batch))
}

function read(bytes: Buffer, position = 0, aborted: AbortedTransaction[] = []): RecordBatch {
  return readBatches({ topic: 't', partition: 3, position, bytes, aborted, endOffset: 1000 })
}

function samplesOf(batch: RecordBatch): Sample[] {
  return Array.from({ length: batch.length }, (_, i) => {
    const headers = decodeHeaders(batch.bytes, batch.headersStart[i])
    return {
      key: batch.keyStart[i] < 0 ? null : batch.bytes.toString('utf8', batch.keyStart[i], batch.keyEnd[i]),
      value:
        batch.valueStart[i] < 0 ? null : batch.bytes.toString('utf8', batch.valueStart[i], batch.valueEnd[i]),
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
    }
  })
}

describe('round trips', () => {
  for (const [name, codec] of Object.entries(CODEC_NUMBER)) {
    test(`${name}: what is written is read`, () => {
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

  test('an uncompressed batch is not copied', () => {
    const bytes = at(0, write(SAMPLES))
    expect(read(bytes).bytes).toBe(bytes)
  })

  test('codecs mix within one response', () => {
    const batch = read(
      Buffer.concat([at(0, write(SAMPLES, 3)), at(5, write(SAMPLES, 0)), at(10, write(SAMPLES, 4))]),
    )
    expect(samplesOf(batch)).toEqual([...SAMPLES, ...SAMPLES, ...SAMPLES])
  })
})

/** The batch of SAMPLES with other bytes in the place of its records. */
function withRecords(codec: number, records: Buffer): Buffer {
  const bytes = Buffer.concat([write(SAMPLES).subarray(0, AT.records), records])
  bytes.writeInt32BE(bytes.length - 12, AT.batchLength)
  bytes.writeInt16BE(codec, AT.attributes)
  return seal(bytes)
}

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

test('the bytes of a batch are those of the protocol guide', () => {
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

test('a batch that is cut short is left for the next fetch', () => {
  const whole = at(0, write(SAMPLES))
  const next = at(5, write(SAMPLES))
  for (const length of [1, 60, 61, next.length - 1]) {
    const batch = read(Buffer.concat([whole, next.subarray(0, length)]))
    expect([batch.length, batch.nextOffset]).toEqual([5, 5])
  }
  expect(read(whole.subarray(0, 100), 4)).toMatchObject({ length: 0, nextOffset: 4 })
})

test('LogAppendTime is the time of every record', () => {
  const bytes = write(SAMPLES)
  bytes.writeInt16BE(LOG_APPEND_TIME, AT.attributes)
  writeInt64(bytes, AT.maxTimestamp, 1_700_000_000_123)
  expect(new Set(read(seal(bytes)).timestamps)).toEqual(new Set([1_700_000_000_123]))
})

describe('transactions', () => {
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

  test('aborted records and markers are left out, and the position passes them', () => {
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

  test("an abort that begins later leaves the producer's earlier transaction alone", () => {
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

  test('nothing but control records still moves the position', () => {
    expect(read(marker(41, 1n, 1), 41)).toMatchObject({ length: 0, nextOffset: 42 })
  })
})

test('head and tail cut, join puts together', () => {
  const batch = read(at(0, write(SAMPLES)))
  const [first, rest] = [head(batch, 2), tail(batch, 2)]
  expect([first.nextOffset, rest.nextOffset]).toEqual([2, 5])
  expect(samplesOf(join([first, rest]))).toEqual(SAMPLES)
  expect(join([first, rest])).toMatchObject({ nextOffset: 5, length: 5 })
})

test('a header is found by name, the first of several, none where it is null', () => {
  const block = encodeHeaders({ a: '1', b: '2' })
  expect(findHeader(block, 0, 'b')!.toString()).toBe('2')
  expect(findHeader(block, 0, 'c')).toBeUndefined()
})

const entry = (name: string, value: number[] | null): number[] => [
  name.length * 2,
  ...Buffer.from(name),
  ...(value === null ? [1] : [value.length * 2, ...value]),
]

test('headers are listed in their order, with all of a name, and null apart from empty', () => {
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

test('editing headers leaves those that stay as they are: repeated, binary, null', () => {
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

describe('a batch that cannot be read', () => {
  /** Ten records each: offsets 0, 10, 20 and so on. */
  const ten = Array.from({ length: 10 }, (_, i): Sample => ({ key: null, value: `value ${i}` }))
  const batches = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => at(10 * i, write(ten)))
  const flip = (batch: Buffer, place: number): Buffer => {
    batch[place] ^= 0x40
    return batch
  }
  const refused = (bytes: Buffer, position: number): UnreadableBatch => {
    try {
      read(bytes, position)
    } catch (error) {
      expect(error).toBeInstanceOf(UnreadableBatch)
      return error as UnreadableBatch
    }
    throw new Error('it was read')
  }

  test('does not hold up what comes before it, and what comes after is read from its end', () => {
    const [first, second, third] = batches(3)
    const bytes = Buffer.concat([first, flip(second, AT.records + 5), third])
    expect(read(bytes)).toMatchObject({ length: 10, nextOffset: 10 })
    const place = { topic: 't', partition: 3, firstOffset: 10, nextOffset: 20 }
    expect(refused(bytes, 10)).toMatchObject({ ...place, reason: 'it fails its checksum' })
    expect(refused(bytes.subarray(first.length), 13)).toMatchObject({ firstOffset: 13, nextOffset: 20 })
    expect(read(third, 20)).toMatchObject({ length: 10, nextOffset: 30 })
  })

  test('of records that break the format, too', () => {
    const [first, second] = batches(2)
    second[AT.records] += 2
    const bytes = Buffer.concat([first, seal(second)])
    expect(read(bytes)).toMatchObject({ length: 10, nextOffset: 10 })
    const reason = expect.stringContaining('it breaks the record format')
    expect(refused(bytes, 10)).toMatchObject({ firstOffset: 10, nextOffset: 20, reason })
  })

  test('of a codec or format that is not known', () => {
    const [codec, old] = batches(2)
    codec.writeInt16BE(7, AT.attributes)
    expect(refused(seal(codec), 0)).toMatchObject({
      firstOffset: 0,
      nextOffset: 10,
      reason: 'Compression codec 7',
    })
    old[AT.magic] = 1
    expect(refused(old, 0)).toMatchObject({ firstOffset: 10, nextOffset: 11, reason: 'it has format v1' })
  })

  test('that states an impossible length ends where its header says', () => {
    const [batch] = batches(1)
    batch.writeInt32BE(-5, AT.batchLength)
    const reason = 'its length is impossible'
    expect(refused(batch, 0)).toMatchObject({ firstOffset: 0, nextOffset: 10, reason })
  })

  test('whose header is damaged does not take its neighbours with it', () => {
    for (const delta of [500, 100_000, -1]) {
      const [batch, neighbour] = batches(2)
      batch.writeInt32BE(delta, AT.lastOffsetDelta)
      expect(refused(Buffer.concat([batch, neighbour]), 0)).toMatchObject({ firstOffset: 0, nextOffset: 10 })
      // Without the next batch, nothing shows where this one ends: then one offset is skipped.
      expect(refused(batch, 0)).toMatchObject({ firstOffset: 0, nextOffset: 1 })
    }
    const [batch] = batches(1)
    writeInt64(flip(batch, AT.records + 5), AT.baseOffset, 2 ** 50)
    expect(refused(batch, 7)).toMatchObject({ firstOffset: 7, nextOffset: 8 })
  })
})

describe('hostile bytes', () => {
  const corrupt = (bytes: Buffer): void => {
    try {
      read(bytes)
    } catch (error) {
      expect(error).toBeInstanceOf(KafkaError)
      expect(['corrupt', 'unsupported']).toContain((error as KafkaError).code)
    }
  }

  test('a flipped bit fails the checksum', () => {
    const bytes = write(SAMPLES)
    bytes[AT.records + 20] ^= 1
    expect(() => read(bytes)).toThrow(/checksum/)
  })

  test('random changes under a valid checksum never crash, hang or allocate without bound', () => {
    let seed = 42
    const random = (below: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below
    for (const codec of Object.values(CODEC_NUMBER)) {
      const good = write(SAMPLES.slice(0, 4), codec)
      for (let round = 0; round < 2000; round++) {
        const bytes = Buffer.from(good)
        for (let changes = 1 + random(4); changes > 0; changes--) bytes[random(bytes.length)] = random(256)
        if (random(3) > 0) bytes.writeInt32BE(bytes.length - 12, AT.batchLength)
        bytes[AT.magic] = 2
        corrupt(seal(bytes))
      }
    }
  })

  test('a count that the bytes cannot hold is refused before anything is allocated', () => {
    const bytes = write(SAMPLES)
    bytes.writeInt32BE(0x7fffffff, AT.recordCount)
    expect(() => read(seal(bytes))).toThrow(/record count is 2147483647/)
  })

  for (const name of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    test(`${name}: a bomb is refused`, { timeout: 30_000 }, () => {
      const bomb = compressionsAlgorithms[name].compressSync(Buffer.alloc(MAX_INFLATED + 65_536))
      expect(() => read(withRecords(CODEC_NUMBER[name], bomb))).toThrow(
        expect.objectContaining({ code: 'corrupt', message: expect.stringContaining('inflate') }),
      )
    })
  }
})
