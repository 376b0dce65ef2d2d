import { expect, test } from 'vitest'
import { answerFormat, writePredictions } from './answers.ts'
import type { Feature } from './features.ts'
import { type Format, formatOf, MAX_ROWS, readRows } from './rows.ts'

const features: readonly Feature[] = [
  { name: 'price', type: 'float32', unit: 'EUR', min: 0, max: 100 },
  { name: 'clicks', type: 'float32', unit: 'clicks', min: -10, max: 10 },
]
const rows = (body: string, format: Format = 'application/json'): number[] => [
  ...readRows(Buffer.from(body), format, features),
]

test.each<[string, Format]>([
  ['{"instances":[{"features":[1,2]},{"features":[3,4]}]}', 'application/json'],
  ['{"instances":[[1,2],{"clicks":4,"price":3}]}', 'application/json'],
  [' [[1,2],\n [3,4]] ', 'application/json'],
  ['{"features":[1,2]}\r\n\r\n[3,4]', 'application/jsonlines'],
  ['1,2\n3,4', 'text/csv'],
  ['1.0, +2\r\n.3e1,4.\r\n\r\n', 'text/csv'],
])('%j has two rows', (body, format) => {
  expect(rows(body, format)).toEqual([1, 2, 3, 4])
})

test.each<[string, Format, string]>([
  ['', 'application/json', 'The body is not JSON.'],
  ['{"instances":{}}', 'application/json', 'The body must be {"instances": [ROW, …]}, or a list of rows.'],
  ['null', 'application/json', 'The body must be {"instances": [ROW, …]}, or a list of rows.'],
  ['[]', 'application/json', 'The request does not have a row.'],
  ['\n\n', 'text/csv', 'The request does not have a row.'],
  ['[[1,2],3]', 'application/json', 'Row 2 must be a list of numbers, or an object.'],
  ['[[1,2,3]]', 'application/json', 'Row 1 has 3 values, and the contract 2 features.'],
  ['[[1,null]]', 'application/json', 'Row 1 does not have clicks.'],
  ['[{"price":1}]', 'application/json', 'Row 1 does not have clicks.'],
  [
    '[{"price":1,"__proto__":2}]',
    'application/json',
    'Row 1 has "__proto__", which is not a feature of the contract.',
  ],
  [
    '[{"price":1,"toString":2}]',
    'application/json',
    'Row 1 has "toString", which is not a feature of the contract.',
  ],
  ['[[1,2],[1,NaN]]', 'application/json', 'clicks of row 2 is "NaN", and must be a number.'],
  ['[[1,-Infinity]]', 'application/json', 'clicks of row 1 is "-Infinity", and must be a number.'],
  ['[[1,1e999]]', 'application/json', 'clicks of row 1 is Infinity, and must be a number.'],
  ['[["1",2]]', 'application/json', 'price of row 1 is "1", and must be a number.'],
  ['[[1,[2]]]', 'application/json', 'clicks of row 1 is [2], and must be a number.'],
  ['[[101,2]]', 'application/json', 'price of row 1 is 101, and must be between 0 and 100.'],
  ['1,2\n1,', 'text/csv', 'Row 2 does not have clicks.'],
  ['1,nan', 'text/csv', 'clicks of row 1 is "nan", and must be a number.'],
  ['1,0x10', 'text/csv', 'clicks of row 1 is "0x10", and must be a number.'],
  ['price,clicks\n1,2', 'text/csv', 'price of row 1 is "price", and must be a number.'],
  ['[1,2]\n{', 'application/jsonlines', 'Line 2 is not JSON.'],
  [
    '[[[[[[1]]]]]]',
    'application/json',
    'The body has more values, names or levels than rows of features need.',
  ],
  [`[${'[1,2],'.repeat(MAX_ROWS)}[1,2]]`, 'application/json', `A request can have ${MAX_ROWS} rows.`],
])('%.40j as %s is refused: %3$s', (body, format, message) => {
  expect(() => rows(body, format)).toThrow(message)
})

test('predictions are written with all digits of a float32, in the accepted format', () => {
  const predictions = Float32Array.of(0.1, 2, 1e-20)
  expect(writePredictions(predictions, 'application/json').toString()).toBe(
    '{"predictions":[0.100000001,2,9.99999968e-21]}',
  )
  expect(writePredictions(predictions, 'text/csv').toString()).toBe('0.100000001\n2\n9.99999968e-21\n')
  expect(formatOf('Text/CSV; charset=utf-8')).toBe('text/csv')
  expect(answerFormat(undefined, 'text/csv')).toBe('text/csv')
  expect(answerFormat('image/png, application/json;q=0.5', 'text/csv')).toBe('application/json')
  expect(answerFormat('*/*', 'application/jsonlines')).toBe('application/jsonlines')
  expect(() => answerFormat('image/png', 'text/csv')).toThrow('Predictions are not written as image/png')
})
