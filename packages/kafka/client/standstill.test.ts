import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { KafkaError } from '../errors.ts'
import { Standstill, stalledOf } from './standstill.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

const partition = (standstill: Standstill) => ({
  topic: 't',
  partition: 3,
  position: 41,
  startOffset: 0,
  endOffset: 50,
  standstill,
})

test('a partition that fails for 30 s is reported as standing still since its first failure, with the last reason', () => {
  const standstill = new Standstill()
  standstill.failed('handling', new TypeError('user 4711 has no password "secret"'))
  vi.setSystemTime(1_030_000)
  standstill.failed(
    'handling',
    Object.assign(new Error('https://user:secret@host'), { code: 'ECONNREFUSED' }),
  )
  expect(stalledOf([partition(standstill)])).toEqual([])
  vi.setSystemTime(1_030_001)
  expect(stalledOf([partition(standstill)])).toEqual([
    {
      topic: 't',
      partition: 3,
      offset: 41,
      sinceMs: 1_000_000,
      reason: 'its handler rejects (Error ECONNREFUSED)',
    },
  ])
  standstill.succeeded('handling')
  expect(stalledOf([partition(standstill)])).toEqual([])
})

test('a successful fetch does not count as a success of the handler', () => {
  const standstill = new Standstill()
  standstill.failed('handling', 'a text with contents')
  standstill.failed('fetching', new KafkaError('no-broker', 'Fetching from 10.0.0.1'))
  vi.setSystemTime(1_040_000)
  standstill.succeeded('fetching')
  expect(standstill.lasting).toEqual({ sinceMs: 1_000_000, reason: 'its handler rejects (no error)' })
})

test('a deleted topic is not reported as standing still', () => {
  const standstill = new Standstill()
  standstill.failed('fetching', new KafkaError('no-broker', 'Fetching'))
  standstill.failed('fetching', new KafkaError('unknown-topic', 'Fetching'))
  standstill.failed('beginning', new KafkaError('unknown-topic', 'Looking up'))
  vi.setSystemTime(1_040_000)
  expect(standstill.lasting).toBeUndefined()
  // A deleted topic that a handler needs is reported.
  standstill.failed('handling', new KafkaError('unknown-topic', 'Writing'))
  vi.setSystemTime(1_080_000)
  expect(standstill.lasting?.reason).toBe('its handler rejects (unknown-topic)')
})
