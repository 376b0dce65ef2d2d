import { expect, test, vi } from 'vitest'
import { type FunctionResult, type Functions, UnknownFunction } from '../functions.ts'
import { Throttled } from '../runtime/pool.ts'
import type { AsyncDestinations } from './async-destinations.ts'
import type { AsyncSettings } from './async-settings.ts'
import { Queues } from './queues.ts'

const DONE: FunctionResult = {
  ok: true,
  executedVersion: '$LATEST',
  payload: Buffer.from('1'),
  durationMs: 1,
  maxMemoryMb: 1,
  initMs: undefined,
  logTail: '',
}
const FAILED: FunctionResult = {
  ...DONE,
  ok: false,
  kind: 'handled',
  payload: Buffer.from('{"errorType":"Error"}'),
}
const HOUR = 3_600_000
const DESTINATIONS = { onSuccess: 'kafka://done', onFailure: 'kafka://failed' }

/** Functions that run at most `maximum` times at once. The test ends each invocation. */
function setUp(maximum: number, retryMs = [1, 1], settings: Partial<AsyncSettings> = {}) {
  const running: { readonly id: string; end(outcome: FunctionResult | Error): void }[] = []
  const known = new Set(['f', 'g'])
  const invoke: Functions['invoke'] = async (name, _payload, { requestId }) => {
    if (!known.has(name)) throw new UnknownFunction(name)
    if (running.length >= maximum) throw new Throttled(`${name} is busy`)
    return new Promise((resolve, reject) => {
      const one = {
        id: requestId,
        end: (outcome: FunctionResult | Error) => {
          running.splice(running.indexOf(one), 1)
          if (outcome instanceof Error) reject(outcome)
          else resolve(outcome)
        },
      }
      running.push(one)
    })
  }
  const warn = vi.fn()
  const sent: {
    readonly url: string
    readonly id: string
    readonly condition: string
    readonly attempts: number
    readonly answer: string | undefined
  }[] = []
  const destinations: AsyncDestinations = {
    async send(url, { options: { requestId } }, { condition, attempts, result }) {
      if (url === 'kafka://gone') throw new Error('it is gone')
      sent.push({ url, id: requestId, condition, attempts, answer: result?.payload.toString() })
    },
  }
  const settingsOf = (): AsyncSettings => ({
    maxRetries: 2,
    maxAgeMs: 6 * HOUR,
    onSuccess: undefined,
    onFailure: undefined,
    ...settings,
  })
  const queues = new Queues({
    functions: { invoke },
    settingsOf,
    isOff: (name) => name === 'off',
    destinations,
    log: { warn },
    retryMs,
    unknownMs: 1500,
  })
  const run = (id: string, { functionName = 'f', age = 0, signal = new AbortController().signal } = {}) =>
    queues.run(
      { functionName, payload: Buffer.from('{}'), options: { requestId: id }, acceptedAt: Date.now() - age },
      signal,
    )
  const reasons = (): unknown[] =>
    warn.mock.calls.filter(([, text]) => text === 'an event was given up').map(([{ why }]) => why)
  const warnings = (): string[] => warn.mock.calls.map(([, text]) => text)
  return { running, known, queues, run, reasons, warnings, sent }
}

const waitFor = (id: string, { running }: ReturnType<typeof setUp>) =>
  vi
    .waitFor(() => expect(running.find((one) => one.id === id)).toBeDefined(), { interval: 1, timeout: 3000 })
    .then(() => running.find((one) => one.id === id)!)

test('events begin in order, as many at once as the function may run', async () => {
  const it = setUp(2)
  const all = Promise.all(Array.from({ length: 5 }, (_, i) => it.run(String(i))))
  const begun: string[] = []
  for (let i = 0; i < 5; i++) {
    await expect.poll(() => it.running.length).toBe(Math.min(2, 5 - i))
    begun.push(it.running[0].id)
    it.running[0].end(DONE)
  }
  await all
  expect(begun).toEqual(['0', '1', '2', '3', '4'])
})

test('a failed event is tried twice more and then given up, and delays no other', async () => {
  const it = setUp(1)
  const failing = it.run('bad')
  const good = it.run('good')
  ;(await waitFor('bad', it)).end(FAILED)
  ;(await waitFor('good', it)).end(DONE)
  await good
  ;(await waitFor('bad', it)).end(FAILED)
  ;(await waitFor('bad', it)).end(FAILED)
  await failing
  expect(it.reasons()).toEqual(['its last attempt has failed'])
})

test('an interrupted invocation does not count as an attempt', async () => {
  const it = setUp(1)
  const event = it.run('a')
  for (let i = 0; i < 4; i++) (await waitFor('a', it)).end(new Error('cut off'))
  ;(await waitFor('a', it)).end(DONE)
  await event
  expect(it.reasons()).toEqual([])
})

test('an event is given up if it is too old, or if its function remains unknown', async () => {
  const it = setUp(1)
  await it.run('old', { age: 7 * HOUR })
  it.known.delete('f')
  it.known.delete('g')
  const early = it.run('early')
  const orphan = it.run('orphan', { functionName: 'g' })
  await new Promise((resolve) => setTimeout(resolve, 200))
  it.known.add('f')
  ;(await waitFor('early', it)).end(DONE)
  await Promise.all([early, orphan])
  expect(it.reasons()).toEqual(['it is too old', 'the function does not exist'])
})

test('events that have not begun are left to other replicas when their partition is lost or the service stops', async () => {
  const it = setUp(1, [HOUR])
  const lost = new AbortController()
  const first = it.run('first')
  const other = it.run('other', { signal: lost.signal })
  const waiting = it.run('waiting')
  const retried = it.run('retried', { functionName: 'g' })
  await waitFor('first', it)
  lost.abort(new Error('the partition is lost'))
  it.running[0].end(DONE)
  await expect(other).rejects.toThrow('the partition is lost')
  await first
  ;(await waitFor('waiting', it)).end(FAILED)
  ;(await waitFor('retried', it)).end(FAILED)
  const late = it.run('late')
  await waitFor('late', it)
  const never = it.run('never')
  const left = Promise.allSettled([waiting, retried, never])
  it.queues.stop()
  expect((await left).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  await expect(it.run('after')).rejects.toThrow('stopping')
  it.running[0].end(DONE)
  await late
  expect(it.reasons()).toEqual([])
})

test.each([
  [0, 1],
  [1, 2],
  [2, 3],
])('with MaximumRetryAttempts %d a failing event has %d attempts', async (maxRetries, attempts) => {
  const it = setUp(1, [1, 1], { maxRetries, ...DESTINATIONS })
  const event = it.run('bad')
  for (let i = 0; i < attempts; i++) (await waitFor('bad', it)).end(FAILED)
  await event
  expect(it.sent).toEqual([
    {
      url: 'kafka://failed',
      id: 'bad',
      condition: 'RetriesExhausted',
      attempts,
      answer: '{"errorType":"Error"}',
    },
  ])
})

test('a success is sent to its destination with the number of attempts', async () => {
  const it = setUp(1, [1, 1], DESTINATIONS)
  const event = it.run('a')
  ;(await waitFor('a', it)).end(FAILED)
  ;(await waitFor('a', it)).end(DONE)
  await event
  expect(it.sent).toEqual([{ url: 'kafka://done', id: 'a', condition: 'Success', attempts: 2, answer: '1' }])
})

test('an event is given up at once if its next attempt would be too late, or if its function may not run', async () => {
  const it = setUp(1, [HOUR, HOUR], { maxAgeMs: HOUR, ...DESTINATIONS })
  const old = it.run('old', { age: 1000 })
  ;(await waitFor('old', it)).end(FAILED)
  await old
  await it.run('never', { age: 2 * HOUR })
  await it.run('idle', { functionName: 'off' })
  expect(it.sent.map(({ id, condition, attempts }) => [id, condition, attempts])).toEqual([
    ['old', 'EventAgeExceeded', 1],
    ['never', 'EventAgeExceeded', 0],
    ['idle', 'ZeroReservedConcurrency', 0],
  ])
})

test('an event ends even if its destination is gone', async () => {
  const it = setUp(1, [1, 1], { maxRetries: 0, onFailure: 'kafka://gone' })
  const event = it.run('a')
  ;(await waitFor('a', it)).end(FAILED)
  await event
  expect(it.sent).toEqual([])
  expect(it.warnings()).toContainEqual('the result of an event was not delivered')
})
