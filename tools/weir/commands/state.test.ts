import { beforeAll, expect, test, vi } from 'vitest'
import { captureOutput } from '../testing/capture-output.ts'
import { state } from './state.ts'

const printed = captureOutput()

beforeAll(() => {
  vi.stubEnv('ALERTER_URL', 'http://127.0.0.1:1')
})

test('the states there are, with the services that own them', async () => {
  expect(await state.run([])).toBe(0)
  expect(printed.out).toMatch(/fleet\.detectors +alerter/)
  expect(printed.out).toMatch(/sneaker\.demand\.so-far +enricher/)
  printed.out = ''
  expect(await state.run(['list', '--json'])).toBe(0)
  expect(JSON.parse(printed.out)).toContainEqual({ state: 'fleet.detectors', service: 'alerter' })
})

test.each<[string[], string]>([
  [['lst'], 'Did you mean list?'],
  [['list', 'fleet.detector'], 'Did you mean fleet.detectors?'],
  [['list', 'fleet.readings'], 'There is no state fleet.readings.'],
  [['list', 'fleet.detectors', 'truck'], 'one argument too many'],
  [['list', 'fleet.detectors', '--limit', '1001'], '--limit is "1001"'],
  [['list', 'fleet.detectors', '--prefix', 'k'.repeat(1025)], 'The prefix has 1025 bytes'],
  [['get'], 'The key is missing; write `weir state get STATE KEY`'],
  [['get', 'fleet.detectors'], 'The key is missing'],
  [['get', 'fleet.detectors', ''], 'The key is missing'],
  [['get', 'nothing', 'truck'], 'There is no state nothing.'],
  [
    ['erase', 'fleet.detectors', 'é'.repeat(513)],
    'The key has 1026 bytes; a key with a state has at most 1024.',
  ],
  [['erase', 'fleet.detectors', 'a', 'b'], 'one argument too many'],
])('the arguments %j are refused with a sentence', async (args, sentence) => {
  expect(await state.run(args)).toBe(2)
  expect(printed.said).toContain(sentence)
})

test.each([
  ['list', 'fleet.detectors'],
  ['get', 'fleet.detectors', 'truck'],
  ['erase', 'fleet.detectors', 'truck'],
])('a service that is down is named by %s', async (...args) => {
  expect(await state.run(args)).toBe(4)
  expect(printed.said).toContain('The alerter at http://127.0.0.1:1 does not answer')
})
