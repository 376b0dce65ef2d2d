import { expect, test } from 'vitest'
import { bytesOf, FrameReader, floatsOf, frame, ROWS } from './frames.ts'

const stream = Buffer.concat([
  frame(ROWS, bytesOf(Float32Array.of(1.5, -2))),
  frame(7, Buffer.alloc(0)),
  frame(8, Buffer.from('text')),
])

test.each([1, 3, 8, 9, 1000])('frames are put together from chunks of %i bytes', (size) => {
  const reader = new FrameReader(100)
  const found = []
  for (let at = 0; at < stream.length; at += size)
    found.push(...reader.push(Buffer.from(stream.subarray(at, at + size))))
  expect(found.map(({ kind }) => kind)).toEqual([ROWS, 7, 8])
  expect(floatsOf(found[0].payload)).toEqual(Float32Array.of(1.5, -2))
  expect(found[2].payload.toString()).toBe('text')
})

test('a frame over the bound is refused before it arrives', () => {
  const reader = new FrameReader(100)
  expect(() => [...reader.push(frame(1, Buffer.alloc(101)).subarray(0, 8))]).toThrow(
    'A frame has 101 bytes, and at most 100.',
  )
})
