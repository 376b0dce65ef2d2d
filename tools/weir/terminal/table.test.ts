import { expect, test } from 'vitest'
import { duration, table } from './table.ts'

test('columns are aligned, with numbers on the right and thousand separators', () => {
  expect(
    table(
      ['NAME', 'RECORDS', 'NOTE'],
      [
        ['a', 1234567, 'x'],
        ['longer', 5, null],
      ],
    ),
  ).toBe(['NAME      RECORDS  NOTE', 'a       1,234,567  x', 'longer          5  -', ''].join('\n'))
  expect(table(['N'], [])).toBe('N\n')
})

test('styling does not change the width of a cell', () => {
  expect(
    table(
      ['A', 'B'],
      [
        ['\u001b[31mred\u001b[39m', 'x'],
        ['green', 'y'],
      ],
    ),
  ).toBe('A      B\n\u001b[31mred\u001b[39m    x\ngreen  y\n')
})

test('durations are written for people', () => {
  expect([12, 4_000, 200_000, 18_120_000, 270_000_000].map(duration)).toEqual([
    '12 ms',
    '4 s',
    '3 min 20 s',
    '5 h 02 min',
    '3 d 3 h',
  ])
})
