import { beforeAll, expect, test, vi } from 'vitest'
import { captureOutput } from '../testing/capture-output.ts'
import { alerts } from './alerts.ts'

const printed = captureOutput()

beforeAll(() => {
  vi.stubEnv('ALERTER_URL', 'http://127.0.0.1:1')
})

test('--help shows every option with examples', async () => {
  expect(await alerts.run(['--help'])).toBe(0)
  for (const word of ['subscribe TOPIC ENDPOINT', '--quiet-hours', '--key', 'incidents acknowledge'])
    expect(printed.out).toContain(word)
})

test.each<[string[], string]>([
  [['topcs'], 'topics'],
  [['topics', 'a', 'b'], 'too many'],
  [['topics', '--create'], 'The topic is missing'],
  [['subscribe'], 'The topic is missing'],
  [['subscribe', 'orders'], 'The address is missing'],
  [['subscribe', 'orders', '+4912345'], 'give --protocol'],
  [['subscribe', 'orders', 'https://example.com', '--filter', '{'], '--filter is not JSON'],
  [['subscribe', 'orders', 'https://example.com', '--quiet-hours', 'x'], '--quiet-hours is not JSON'],
  [['publish', 'orders'], 'The message is missing'],
  [['publish', 'orders', 'x', '--status', 'open'], 'give its --key'],
  [['publish', 'orders', 'x', '--attribute', 'a'], 'NAME=TEXT'],
  [['deliveries', 'x'], 'too many'],
  [['deliveries', '--limit', '0'], '--limit'],
  [['incidents', 'acknowlege', 'x'], 'acknowledge'],
  [['incidents', 'resolve'], 'The incident is missing'],
  [['incidents', 'list', 'x'], 'too many'],
])('the arguments %j are refused with a sentence', async (args, sentence) => {
  expect(await alerts.run(args)).toBe(2)
  expect(printed.said).toContain(sentence)
})

test.each([['topics'], ['deliveries'], ['incidents']])(
  'an alerter that is down is named by %s',
  async (action) => {
    expect(await alerts.run([action])).toBe(4)
    expect(printed.said).toContain('The alerter at http://127.0.0.1:1 does not answer')
  },
)
