import { expect, test } from 'vitest'
import { murmur3, words } from './murmur3.ts'

function hash(bytes: Buffer, seed: number): Buffer {
  murmur3(bytes, 0, bytes.length, seed)
  const out = Buffer.alloc(16)
  words.forEach((word, i) => out.writeInt32LE(word, 4 * i))
  return out
}

test('the verification value of SMHasher: a hash over hashes of keys of every length up to 255', () => {
  const key = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  const hashes = Array.from({ length: 256 }, (_, i) => hash(key.subarray(0, i), 256 - i))
  expect(hash(Buffer.concat(hashes), 0).readUInt32LE(0)).toBe(0xb3ece62a)
})

test('hashes a stretch as it hashes the bytes by themselves', () => {
  const id = Buffer.from('0191-7b3c-f00d-4242')
  const within = Buffer.concat([Buffer.from('before'), id, Buffer.from('after')])
  const expected = [0, 4, 8, 12].map((at) => hash(id, 7).readInt32LE(at))
  murmur3(within, 6, 6 + id.length, 7)
  expect([...words]).toEqual(expected)
})
