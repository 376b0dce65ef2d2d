import { HttpError } from '@weir/service'
import { expect, test } from 'vitest'
import { parseBatch } from './json-batch.ts'
import { LIMITS } from './limits.ts'
import { BodySlabs } from './slabs.ts'

function parse(chunks: readonly (string | Buffer)[]): readonly unknown[] {
  const body = new BodySlabs()
  for (const chunk of chunks) body.push(Buffer.from(chunk as string))
  try {
    return parseBatch(body)
  } finally {
    body.release()
  }
}

function refusal(text: string | Buffer): { status: number; code: string; message: string } {
  try {
    parse([text])
  } catch (error) {
    if (error instanceof HttpError)
      return { status: error.statusCode, code: error.code, message: error.message }
    throw error
  }
  throw new Error('The body was taken.')
}

test('a body is parsed from chunks, even if one ends within a character', () => {
  const body = Buffer.from('{"records":[{"id":"ü","value":{}}]}')
  const middle = body.indexOf('ü') + 1
  expect(parse([body.subarray(0, middle), body.subarray(middle)])).toEqual([{ id: 'ü', value: {} }])
})

test('a byte order mark before the body is skipped, and shown in the message anywhere else', () => {
  expect(parse(['\uFEFF{"records":[1]}'])).toEqual([1])
  expect(refusal('{"records":[\uFEFF1]}')).toMatchObject({
    code: 'not-json',
    message: expect.stringContaining('\\ufeff'),
  })
  expect(refusal('\uFEFF')).toMatchObject({ status: 400, code: 'not-json' })
})

test.each([
  ['an empty one', '', 400, 'empty-body'],
  ['a truncated one', '{"records":[{"value":{"a":1}', 400, 'not-json'],
  ['one that is not JSON', 'records=1', 400, 'not-json'],
  ['two values', '{"records":[]}{}', 400, 'not-json'],
  ['null', 'null', 400, 'no-records'],
  ['a list', '[{"value":{}}]', 400, 'no-records'],
  ['records that are not a list', '{"records":{"0":1}}', 400, 'no-records'],
  ['no records', '{"records":[]}', 400, 'no-records'],
  ['a field beside records', '{"records":[1],"topic":"x"}', 400, 'unknown-field'],
  ['a prototype', '{"records":[1],"__proto__":{}}', 400, 'unknown-field'],
  ['the bytes of a lone surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 400, 'invalid-utf8'],
  ['too deep nesting', `{"records":[${'['.repeat(LIMITS.depth)}`, 400, 'too-deep'],
  ['too many records', `{"records":[${'1,'.repeat(LIMITS.batchRecords)}1]}`, 413, 'too-many-records'],
  [
    'too many names',
    JSON.stringify({ records: Array.from({ length: 2 * LIMITS.names }, (_, i) => ({ [`n${i}`]: 0 })) }),
    413,
    'too-many-names',
  ],
  ['too many values', `{"records":[${'{},'.repeat(LIMITS.bodyValues / 2)}{}]}`, 413, 'too-many-values'],
])('a body is refused: %s', (_, text, status, code) => {
  expect(refusal(text)).toMatchObject({ status, code })
})

test('the message about wrong JSON is short', () => {
  expect(refusal(`{"records":[${'x'.repeat(5000)}`).message.length).toBeLessThan(300)
})

test('ten megabytes of open brackets are refused at once', () => {
  const from = performance.now()
  expect(refusal('['.repeat(LIMITS.bodyBytes)).code).toBe('too-deep')
  expect(performance.now() - from).toBeLessThan(2000)
})

test('bodies of any length are parsed from chunks of any size, through reused slabs', () => {
  for (const size of [1, 1000, 65_535, 65_536, 65_537, 300_000]) {
    const records = Array.from({ length: 4000 }, (_, i) => ({ i, text: 'x'.repeat(i % 50) }))
    const bytes = Buffer.from(JSON.stringify({ records }))
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    )
    expect(parse(chunks)).toEqual(records)
  }
})
