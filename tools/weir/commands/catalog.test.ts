import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { captureOutput } from '../testing/capture-output.ts'
import { catalog } from './catalog.ts'

let said = ''

beforeAll(() => {
  vi.stubEnv('PRICING_URL', 'http://127.0.0.1:1')
  captureOutput(
    () => {},
    (text) => (said += text),
  )
})
beforeEach(() => {
  said = ''
})
afterAll(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

test.each<[string[], string]>([
  [['lst'], 'Did you mean list?'],
  [['show'], 'Name a table: `weir catalog show TABLE`.'],
  [['list', 'a', 'b'], 'one argument too many'],
  [['crawl', 'x', '--sample', '0'], '--sample is "0"'],
])('the arguments %j are refused with a sentence', async (args, sentence) => {
  expect(await catalog.run(args)).toBe(2)
  expect(said).toContain(sentence)
})

test('a service that is down is named', async () => {
  expect(await catalog.run(['show', 'x'])).toBe(4)
  expect(said).toContain('The pricing at http://127.0.0.1:1 does not answer')
})
