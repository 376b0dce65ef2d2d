import { expect, test, vi } from 'vitest'
import type { Functions } from '../functions.ts'
import type { Outcome } from '../runtime/outcome.ts'
import { Throttled } from '../runtime/pool.ts'
import { openBackground } from './background.ts'

const DONE: Outcome = { ok: true, payload: Buffer.from('1'), durationMs: 1, maxMemoryMb: 1, initMs: undefined, logTail: '' }
const FAILED: Outcome = { ...DONE, ok: false, kind: 'handled', payload: Buffer.from('{"errorType":"Error"}') }
const EVENT = Buffer.from('{}')

/** A function that runs so often side by side; what ends an invocation is for the test. */
function pool(maximum: number) {
  const running: { readonly id: string, end(outcome: Outcome | Error): void }[] = []
  const invoke: Functions['invoke'] = async (name, _payload, { requestId }) => {
    if (running.length >= maximum) throw new Throttled(`${name} is busy`)
    return new Promise((resolve, reject) => {
      const one = { id: requestId, end: (outcome: Outcome | Error) => {
        running.splice(running.indexOf(one), 1)
        if (outcome instanceof Error) reject(outcome)
        else resolve(outcome)
      } }
      running.push(one)
    })
  }
  return { running, invoke }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

test('events begin in their order, as many as may', async () => {
  const { running, invoke } = pool(2)
  const background = openBackground({ invoke }, { warn: vi.fn() })
  for (let i = 0; i < 5; i++) expect(background.add('f', EVENT, { requestId: String(i) })).toBe(true)
  const begun: string[] = []
  for (let i = 0; i < 5; i++) {
    await vi.waitFor(() => expect(running.length).toBe(Math.min(2, 5 - i)), { interval: 1 })
    begun.push(running[0].id)
    running[0].end(DONE)
    await turn()
  }
  expect(begun).toEqual(['0', '1', '2', '3', '4'])
})

test('a hundred at most', async () => {
  const { running, invoke } = pool(1)
  const background = openBackground({ invoke }, { warn: vi.fn() })
  for (let i = 0; i < 100; i++) expect(background.add(i % 2 === 0 ? 'f' : 'g', EVENT, { requestId: String(i) })).toBe(true)
  expect(background.add('f', EVENT, { requestId: 'more' })).toBe(false)
  await turn()
  running[0].end(DONE)
  await vi.waitFor(() => expect(background.add('f', EVENT, { requestId: 'again' })).toBe(true))
  background.stop()
  expect(background.add('f', EVENT, { requestId: 'late' })).toBe(false)
})

test('what fails, what is lost and what never begins is logged', async () => {
  const { running, invoke } = pool(1)
  const warn = vi.fn()
  const background = openBackground({ invoke }, { warn })
  for (let i = 0; i < 4; i++) background.add('f', EVENT, { requestId: String(i) })
  await turn()
  running[0].end(FAILED)
  await turn()
  running[0].end(new Error('stopped'))
  await turn()
  background.stop()
  await turn()
  expect(warn.mock.calls.map(([, text]) => text)).toEqual(['an event failed in its function', 'an event is lost', expect.stringContaining('have not begun are lost')])
})
