import { expect, test } from 'vitest'
import { LineSplitter } from './lines.ts'

function split(chunks: readonly (string | Buffer)[], most = 100): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter(most, {
    line: (bytes, start, end) => lines.push(bytes.toString('utf8', start, end)),
    tooLong: () => lines.push('(too long)'),
  })
  for (const chunk of chunks) splitter.push(Buffer.from(chunk as string))
  splitter.end()
  expect(splitter.carriedBytes).toBe(0)
  return lines
}

test('lines, whatever the chunks', () => {
  const text = 'one\ntwo\n\nthrée\nlast'
  const bytes = Buffer.from(text)
  for (let size = 1; size <= bytes.length; size++) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
    expect(split(chunks)).toEqual(['one', 'two', '', 'thrée', 'last'])
  }
})

test('no line, one line, one line closed', () => {
  expect(split([])).toEqual([])
  expect(split(['a'])).toEqual(['a'])
  expect(split(['a\n'])).toEqual(['a'])
})

test('a line that is too long is passed over, its neighbours are not harmed', () => {
  const long = 'x'.repeat(101)
  expect(split([`a\n${long}\nb`])).toEqual(['a', '(too long)', 'b'])
  expect(split(['a\n', long.slice(0, 60), long.slice(60), long, '\nb\n'])).toEqual(['a', '(too long)', 'b'])
  expect(split(['x'.repeat(100), '\n'])).toEqual(['x'.repeat(100)])
  expect(split([long, long])).toEqual(['(too long)'])
})
