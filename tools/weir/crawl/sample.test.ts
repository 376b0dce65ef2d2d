import { expect, test } from 'vitest'
import { formatOf, objectIn } from './sample.ts'

test.each([
  ['{"a":1}', 'json'],
  [' [1]', 'json'],
  ['{"a":', 'text'],
  ['a,1,true', 'csv'],
  ['hello', 'text'],
  ['\u0000\u0000\u0000\u0000\u0001x', 'avro'],
])('the value %j is %s', (text, format) => expect(formatOf(Buffer.from(text))).toBe(format))

test('bytes that are not text are binary', () => expect(formatOf(Buffer.from([0x80, 0xff]))).toBe('binary'))

test('cells of a line are numbers, booleans, texts or nothing', () => {
  expect(objectIn(Buffer.from('a, 1.5,true,,007,1e400x\n'), 'csv')).toEqual({
    column_1: 'a',
    column_2: 1.5,
    column_3: true,
    column_4: null,
    column_5: '007',
    column_6: '1e400x',
  })
})
