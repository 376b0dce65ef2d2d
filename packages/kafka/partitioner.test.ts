import { expect, test } from 'vitest'
import { murmur2, partitionFor } from './partitioner.ts'

/** From Kafka's own UtilsTest.testMurmur2. */
const VECTORS: [string, number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

test('murmur2 equals the Java client on its published vectors', () => {
  for (const [text, hash] of VECTORS) expect(murmur2(Buffer.from(text)), text).toBe(hash)
})

test('a key in the middle of a buffer has the same partition as the key alone', () => {
  for (const [text, hash] of VECTORS) {
    const key = Buffer.from(text)
    const framed = Buffer.concat([Buffer.from('xyz'), key, Buffer.from('tail')])
    expect(partitionFor(framed, 3, 3 + key.length, 12)).toBe((hash & 0x7fffffff) % 12)
  }
})

test('keys spread over all partitions', () => {
  const counts = new Array(12).fill(0)
  for (let i = 0; i < 12_000; i++) {
    const key = Buffer.from(`taxi-${i}`)
    counts[partitionFor(key, 0, key.length, 12)]++
  }
  expect(Math.min(...counts)).toBeGreaterThan(800)
})
