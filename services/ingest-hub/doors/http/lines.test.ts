import { expect, test } from 'vitest'
import { LineSplitter } from './lines.ts'

function split(chunks: readonly (string | Buffer)[], most = 100): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter(most, {
    line: (bytes, start, end) => lines.push(bytes.toString('utf8', start, end)),
    tooLong: () => lines.push('(too long)'),
    isFull: false,
  })
  for (const chunk of chunks) splitter.push(Buffer.from(chunk as string), 0)
  splitter.end()
  expect(splitter.carriedBytes).toBe(0)
  return lines
}

test('lines are split the same from chunks of any size', () => {
  const text = 'one\ntwo\n\nthrée\nlast'
  const bytes = Buffer.from(text)
  for (let size = 1; size <= bytes.length; size++) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    )
    expect(split(chunks)).toEqual(['one', 'two', '', 'thrée', 'last'])
  }
})

test('the last line may end with a line feed or without', () => {
  expect(split([])).toEqual([])
  expect(split(['a'])).toEqual(['a'])
  expect(split(['a\n'])).toEqual(['a'])
})

test('a line that is too long is reported, and its neighbours are read', () => {
  const long = 'x'.repeat(101)
  expect(split([`a\n${long}\nb`])).toEqual(['a', '(too long)', 'b'])
  expect(split(['a\n', long.slice(0, 60), long.slice(60), long, '\nb\n'])).toEqual(['a', '(too long)', 'b'])
  expect(split(['x'.repeat(100), '\n'])).toEqual(['x'.repeat(100)])
  expect(split([long, long])).toEqual(['(too long)'])
})

test('the splitter stops when its handler is full, and continues from there', () => {
  const lines: string[] = []
  let room = 0
  const splitter = new LineSplitter(100, {
    line: (bytes, start, end) => {
      lines.push(bytes.toString('utf8', start, end))
      room--
    },
    tooLong: () => {
      throw new Error('No line is too long.')
    },
    get isFull() {
      return room <= 0
    },
  })
  const chunk = Buffer.from('one\ntwo\nthree\nfo')
  expect(splitter.push(chunk, 0)).toBe(0)
  room = 2
  expect(splitter.push(chunk, 0)).toBe(8)
  room = 9
  expect(splitter.push(chunk, 8)).toBe(chunk.length)
  splitter.push(Buffer.from('ur\n'), 0)
  expect(lines).toEqual(['one', 'two', 'three', 'four'])
})
