import { beforeAll, expect, test, vi } from 'vitest'
import { captureOutput } from '../testing/capture-output.ts'
import { models } from './models.ts'

const printed = captureOutput()

beforeAll(() => {
  vi.stubEnv('PRICING_URL', 'http://127.0.0.1:1')
})

test.each<[string[], string]>([
  [['lst'], 'Did you mean list?'],
  [['list', 'demand'], 'one argument too many'],
  [['show'], 'The endpoint is missing; write `weir models show ENDPOINT`.'],
  [['register', 'demand'], 'The version is missing; write `weir models register ENDPOINT VERSION`.'],
  [['rollback', 'demand', '2'], 'one argument too many'],
  [['canary', 'demand', '2', '--percent', '0'], '--percent is "0"'],
  [['register', 'demand', '2', '--contract', '/nowhere.json'], 'There is no file /nowhere.json.'],
])('the arguments %j are refused with a sentence', async (args, sentence) => {
  expect(await models.run(args)).toBe(2)
  expect(printed.said).toContain(sentence)
})

test.each([['list'], ['show', 'demand'], ['canary', 'demand', '2'], ['rollback', 'demand']])(
  'a service that is down is named by %s',
  async (...args) => {
    expect(await models.run(args)).toBe(4)
    expect(printed.said).toContain('The pricing at http://127.0.0.1:1 does not answer')
  },
)
