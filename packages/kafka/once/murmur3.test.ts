import { expect, test } from 'vitest'
import { murmur3 } from './murmur3.ts'

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

function hash(bytes: Buffer, seed: number): Buffer {
  const words = new Int32Array(4)
  murmur3(viewOf(bytes), 0, bytes.length, seed, words, 0)
  const out = Buffer.alloc(16)
  words.forEach((word, i) => out.writeInt32LE(word, 4 * i))
  return out
}

test('the hash has the verification value of SMHasher: a hash over hashes of keys of every length up to 255', () => {
  const key = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  const hashes = Array.from({ length: 256 }, (_, i) => hash(key.subarray(0, i), 256 - i))
  expect(hash(Buffer.concat(hashes), 0).readUInt32LE(0)).toBe(0xb3ece62a)
})

test('a part of a buffer has the same hash as its bytes alone', () => {
  const id = Buffer.from('0191-7b3c-f00d-4242')
  const within = Buffer.concat([Buffer.from('before'), id, Buffer.from('after')])
  const expected = [0, 4, 8, 12].map((at) => hash(id, 7).readInt32LE(at))
  const words = new Int32Array(6)
  murmur3(viewOf(within), 6, 6 + id.length, 7, words, 1)
  expect([...words]).toEqual([0, ...expected, 0])
})
