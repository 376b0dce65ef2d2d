import { expect, test } from 'vitest'
import { partitionFilter } from './partition-filter.ts'

const KEYS = [
  { Name: 'year', Type: 'int' },
  { Name: 'region', Type: 'string' },
]
const PARTITIONS = [
  ['999', 'eu'],
  ['2025', 'eu'],
  ['2026', 'us-east'],
  ['2026', "o'hara"],
]

test.each<[string, number[]]>([
  ['year = 2026', [2, 3]],
  ["year > '1000' and region = 'eu'", [1]],
  ['year < 1000 OR (year >= 2026 AND region <> "us-east")', [0, 3]],
  ['year in (999, 2025)', [0, 1]],
  ['year not in (999, 2025)', [2, 3]],
  ['year between 1000 and 2025 and region = "eu"', [1]],
  ["region like 'us%'", [2]],
  ["REGION = 'o''hara'", [3]],
  ["not (region = 'eu') and not year = 999", [2, 3]],
  ['year != 2026', [0, 1]],
  ["year = 'x'", []],
])('%s', (expression, chosen) => {
  const filter = partitionFilter(expression, KEYS)
  expect(PARTITIONS.flatMap((values, i) => (filter(values) ? [i] : []))).toEqual(chosen)
})

test.each([
  ['month = 1', 'month is not a partition key'],
  ['year =', 'cannot be read at "its end"'],
  ['year ~ 1', 'cannot be read at " ~ 1"'],
  ['year = 1 year', 'cannot be read at "year"'],
  ['year = region', 'cannot be read at "region"'],
  ['(year = 1', 'cannot be read at "its end"'],
  ["region like '_'", 'LIKE has %'],
  ['year constructor 1', 'cannot be read at "constructor"'],
  [`${'('.repeat(1000)}year = 1${')'.repeat(1000)}`, 'nested deeper than 50 levels'],
  [`region = '${'x'.repeat(2000)}`, 'cannot be read at'],
])('%s is refused', (expression, reason) => {
  expect(() => partitionFilter(expression, KEYS)).toThrow(reason)
})
