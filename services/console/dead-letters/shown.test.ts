import type { DeadLetter } from '@weir/contracts'
import type { ShownLetter } from '@weir/topics/dead-letters/index.ts'
import { expect, test } from 'vitest'
import { pageLetter } from './shown.ts'

const letter: DeadLetter = {
  flow: 'enricher.taxi',
  step: 'decode',
  code: 'failed',
  message: 'It failed.',
  topic: 'taxi.telemetry',
  partition: 3,
  offset: 7,
  lastOffset: null,
  timestamp: 1,
  failedAt: 2,
  key: Buffer.from('key'),
  value: Buffer.from('value'),
  truncated: false,
}
const shown = (changes: Partial<ShownLetter>): ShownLetter => ({
  at: '0:1',
  redriven: false,
  letter,
  headers: [],
  value: { a: 1 },
  problem: undefined,
  ...changes,
})

test('a letter is shown with its value as JSON, and bytes in it as base64', () => {
  expect(pageLetter(shown({ value: { a: 1, bytes: Buffer.from('hi') } }))).toMatchObject({
    at: '0:1',
    origin: 'taxi.telemetry 3:7',
    key: 'key',
    value: '{\n  "a": 1,\n  "bytes": "aGk="\n}',
    bytes: 5,
    problem: null,
  })
})

test('a value that could not be decoded is shown in hex, with the reason', () => {
  expect(pageLetter(shown({ value: undefined, problem: 'No.' }))).toMatchObject({
    value: `0x${Buffer.from('value').toString('hex')}`,
    problem: 'No.',
  })
  const several = { ...letter, lastOffset: 9, key: null, value: null }
  expect(pageLetter(shown({ letter: several, value: undefined, problem: 'No.' }))).toMatchObject({
    origin: 'taxi.telemetry 3:7 to 9',
    key: null,
    value: '',
    bytes: 0,
  })
})

test('a large letter is shortened for the page', () => {
  const long = 'x'.repeat(1 << 20)
  const bytes = Buffer.from(long)
  const page = pageLetter(
    shown({
      letter: { ...letter, message: long, code: long, key: bytes, value: bytes },
      headers: Array.from({ length: 500 }, () => [long, bytes] as const),
      value: { long },
    }),
  )
  expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(256 << 10)
})
