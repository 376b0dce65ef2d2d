import { expect, inject, test } from 'vitest'
import { CsvReader, guessDelimiter } from './csv.ts'

/** Returns rows as [line, ...cells] and faults as [line], from pieces of `size` characters. */
function read(text: string, size = text.length, delimiter = ','): unknown[] {
  const found: unknown[] = []
  const reader = new CsvReader(delimiter, {
    row: (line, cells) => found.push([line, ...cells]),
    fault: (line) => found.push([line]),
  })
  for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size))
  reader.end()
  return found
}

test.each<[string, string, unknown[]]>([
  [
    'line ends of all kinds',
    'a,b\r\n1,2\n3,4\r5,6\r\n',
    [
      [1, 'a', 'b'],
      [2, '1', '2'],
      [3, '3', '4'],
      [4, '5', '6'],
    ],
  ],
  [
    'no line end after the last row',
    'a,b\n1,2',
    [
      [1, 'a', 'b'],
      [2, '1', '2'],
    ],
  ],
  [
    'blank lines',
    '\n\r\na,b\n \n1,2\n\n',
    [
      [3, 'a', 'b'],
      [5, '1', '2'],
    ],
  ],
  [
    'quoted cells',
    'a,b\n"1","x ""y"" ,\r\nz"\n,""\n',
    [
      [1, 'a', 'b'],
      [2, '1', 'x "y" ,\r\nz'],
      [4, '', ''],
    ],
  ],
  [
    'line ends within quotes count once',
    'a,b\n1,"\r\n\n\r"\n2,3',
    [
      [1, 'a', 'b'],
      [2, '1', '\r\n\n\r'],
      [6, '2', '3'],
    ],
  ],
  ['rows of another width', 'a,b\n1\n1,2,3\n4,5\n', [[1, 'a', 'b'], [2], [3], [4, '4', '5']]],
  ['a quote within a cell', 'a,b\nx"y,1\n2,3\n', [[1, 'a', 'b'], [2], [3, '2', '3']]],
  ['a cell that goes on after its quote', 'a,b\n"x"y,1\n2,3\n', [[1, 'a', 'b'], [2], [3, '2', '3']]],
  ['a quote that is not closed', 'a,b\n1,"x\n2,3\n4,5\n', [[1, 'a', 'b'], [2], [3, '2', '3'], [4, '4', '5']]],
  [
    'a quote that the next one closes too late',
    'a,b\n1,"x\n2,3\n"4",5\n6,7',
    [[1, 'a', 'b'], [2], [3, '2', '3'], [4, '4', '5'], [5, '6', '7']],
  ],
  ['nothing', '', []],
])('%s', (_, text, found) => {
  for (let size = 1; size <= text.length; size++) expect(read(text, size)).toEqual(found)
  expect(read(text, text.length + 1)).toEqual(found)
})

const LONG = 'x'.repeat(1_300_000)
test.each([
  ['as it is', LONG, 4],
  ['in quotes', `"${LONG}"`, 4],
  ['in quotes, over lines', `"${'a "" line\r\n'.repeat(150_000)}"`, 150_004],
  ['in quotes after a line', `"a\n${LONG}"`, 5],
])('a row that is too long, %s, is one fault', (_, cell, next) => {
  const rows = [[1, 'a', 'b'], [2, '1', '2'], [3], [next, '3', '4'], [next + 1, '5', '6']]
  for (const size of [65_536, Infinity]) expect(read(`a,b\n1,2\n1,${cell}\n3,4\n5,6`, size)).toEqual(rows)
  expect(read(`a,b\n1,2\n1,${cell}`)).toEqual(rows.slice(0, 3))
})

test('a quote that is not closed costs its line only, where rows follow it, else the rest is not guessed at', () => {
  const rows = inject('thorough') ? 300_000 : 60_000
  const found = read(`a,b\n1,2\n1,"x\n${'3,4\n'.repeat(rows)}`, 65_536)
  expect(found.length).toBe(rows + 3)
  expect(found.slice(1, 4)).toEqual([[2, '1', '2'], [3], [4, '3', '4']])
  const unlike = read(`a,b\n1,"x\n\n3\n${'3,4\n'.repeat(rows)}`, 65_536)
  expect(unlike.length).toBe(rows + 3)
  expect(unlike.slice(1, 4)).toEqual([[2], [4], [5, '3', '4']])
  expect(() => read(`a,b\n1,"x\n${'a line of a text\n'.repeat(100_000)}`)).toThrow(
    'line 2 opens a quote that is not closed',
  )
})

test('the delimiter is what the header has most of', () => {
  expect(['a,b;c,d', 'a;b;"c,d,e,f"', 'a\tb', 'a|b|c\n1,2,3,4', 'a', ''].map(guessDelimiter)).toEqual([
    ',',
    ';',
    '\t',
    '|',
    ',',
    ',',
  ])
  expect(read('a;b\n1,5;2\n', 3, ';')).toEqual([
    [1, 'a', 'b'],
    [2, '1,5', '2'],
  ])
})
