import { gzipSync } from 'node:zlib'
import { compressionsAlgorithms } from '@platformatic/kafka'
import { describe, expect, inject, test } from 'vitest'
import { KafkaError } from '../errors.ts'
import { CODEC_NUMBER, MAX_INFLATED } from './codecs.ts'
import { AT, writeInt64 } from './format.ts'
import { at, read, SAMPLES, type Sample, seal, withRecords, write } from './testing/batches.ts'
import { UnreadableBatch } from './unreadable-batch.ts'

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

  test('does not affect the batches before and after it', () => {
    const [first, second, third] = batches(3)
    const bytes = Buffer.concat([first, flip(second, AT.records + 5), third])
    expect(read(bytes)).toMatchObject({ length: 10, nextOffset: 10 })
    const place = { topic: 't', partition: 3, firstOffset: 10, nextOffset: 20 }
    expect(refused(bytes, 10)).toMatchObject({ ...place, reason: 'it fails its checksum' })
    expect(refused(bytes.subarray(first.length), 13)).toMatchObject({ firstOffset: 13, nextOffset: 20 })
    expect(read(third, 20)).toMatchObject({ length: 10, nextOffset: 30 })
  })

  test('is reported if its records break the format', () => {
    const [first, second] = batches(2)
    second[AT.records] += 2
    const bytes = Buffer.concat([first, seal(second)])
    expect(read(bytes)).toMatchObject({ length: 10, nextOffset: 10 })
    const reason = expect.stringContaining('it breaks the record format')
    expect(refused(bytes, 10)).toMatchObject({ firstOffset: 10, nextOffset: 20, reason })
  })

  test('is reported if its codec or format is unknown', () => {
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

  test('ends where its header says if its length is impossible', () => {
    const [batch] = batches(1)
    batch.writeInt32BE(-5, AT.batchLength)
    const reason = 'its length is impossible'
    expect(refused(batch, 0)).toMatchObject({ firstOffset: 0, nextOffset: 10, reason })
  })

  test('does not affect its neighbours if its header is damaged', () => {
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
      if (!(error instanceof KafkaError) || !['corrupt', 'unsupported'].includes(error.code)) throw error
    }
  }

  test('a flipped bit fails the checksum', () => {
    const bytes = write(SAMPLES)
    bytes[AT.records + 20] ^= 1
    expect(() => read(bytes)).toThrow(/checksum/)
  })

  test('random changes under a valid checksum never crash, hang or allocate without bound', {
    timeout: 30_000,
  }, () => {
    let seed = 42
    const random = (below: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below
    for (const codec of Object.values(CODEC_NUMBER)) {
      const good = write(SAMPLES.slice(0, 4), codec)
      // Most changes of compressed records do not get past the decompressor.
      const rounds = (codec === CODEC_NUMBER.none ? 400 : 100) * (inject('thorough') ? 5 : 1)
      for (let round = 0; round < rounds; round++) {
        const bytes = Buffer.from(good)
        for (let changes = 1 + random(4); changes > 0; changes--) bytes[random(bytes.length)] = random(256)
        if (random(3) > 0) bytes.writeInt32BE(bytes.length - 12, AT.batchLength)
        bytes[AT.magic] = 2
        corrupt(seal(bytes))
      }
    }
  })

  test('a record count that exceeds the bytes is refused before anything is allocated', () => {
    const bytes = write(SAMPLES)
    bytes.writeInt32BE(0x7fffffff, AT.recordCount)
    expect(() => read(seal(bytes))).toThrow(/record count is 2147483647/)
  })

  for (const name of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    test(`a bomb of ${name} is refused`, { timeout: 30_000 }, () => {
      const zeros = Buffer.alloc(MAX_INFLATED + 65_536)
      // The compression of other levels takes most of the time.
      const bomb =
        name === 'gzip' ? gzipSync(zeros, { level: 1 }) : compressionsAlgorithms[name].compressSync(zeros)
      expect(() => read(withRecords(CODEC_NUMBER[name], bomb))).toThrow(
        expect.objectContaining({ code: 'corrupt', message: expect.stringContaining('inflate') }),
      )
    })
  }
})
