import { expect, test } from 'vitest'
import type { Mapping } from './mapping.ts'
import { responseOf } from './response.ts'
import { DEFAULT_SETTINGS } from './settings.ts'

/** A mapping that reads the response. */
const READING = { output: 'a-topic', settings: DEFAULT_SETTINGS }

test.each<[Partial<Mapping>, string]>([
  [{ output: 'a-topic' }, 'error'],
  [{ settings: { ...DEFAULT_SETTINGS, reportItemFailures: true } }, 'error'],
  [{ settings: { ...DEFAULT_SETTINGS, tumblingMs: 1000 } }, 'error'],
  [{}, 'success'],
])('for a mapping with %j, a response that is not JSON is: %s', (mapping, kind) => {
  const payload = Buffer.from('{"mean": NaN}')
  expect(
    responseOf({ ok: true, payload }, { output: undefined, settings: DEFAULT_SETTINGS, ...mapping }),
  ).toMatchObject({ kind })
})

test('a response with more objects and arrays than records need is refused before it is parsed', () => {
  const of = (text: string) => responseOf({ ok: true, payload: Buffer.from(text) }, READING)
  expect(of('['.repeat(700_000))).toEqual({
    kind: 'error',
    error: expect.stringContaining('600000 objects and arrays'),
  })
  expect(of(`${'['.repeat(1001)}${']'.repeat(1001)}`)).toEqual({
    kind: 'error',
    error: expect.stringContaining('deeper than 1000 levels'),
  })
  expect(of(JSON.stringify({ records: Array(500_000).fill({ value: 1 }) }))).toMatchObject({
    kind: 'success',
  })
  expect(of(JSON.stringify({ text: '[{"'.repeat(700_000) }))).toMatchObject({ kind: 'success' })
})

test.each([
  ['{"a":1}', { kind: 'success', value: { a: 1 } }],
  ['', { kind: 'success', value: undefined }],
  ['{"a":', { kind: 'error', error: 'The function\'s answer is not JSON: {"a":' }],
])('the response %j is parsed, or is the text of an error', (text, expected) => {
  expect(responseOf({ ok: true, payload: Buffer.from(text) }, READING)).toEqual(expected)
  expect(responseOf({ ok: false, payload: Buffer.from(text) }, READING)).toEqual({
    kind: 'error',
    error: text,
  })
})
