import type { Probed } from '@weir/service/probe.ts'
import { expect, test } from 'vitest'
import { remedyFor } from './remedies.ts'

const probed = (changes: Partial<Probed>): Probed => ({
  state: 'not ready',
  reason: '',
  missing: [],
  ...changes,
})
const remedy = (changes: Partial<Probed>) => remedyFor('ingest-hub', 'http://hub.example', probed(changes))

test('every state has its remedy, except for a ready service', () => {
  expect(remedy({ state: 'ready' })).toBeUndefined()
  expect(remedy({ state: 'down', reason: 'nothing listens there' })).toMatch(
    /^Start it: .* than http:\/\/hub\.example, set HUB_URL\.$/,
  )
  expect(remedy({ reason: 'stopping' })).toMatch(/supervisor/)
  expect(remedy({ reason: 'no answer within 2 s' })).toMatch(/CPU and memory/)
  expect(remedy({ reason: 'waits for kafka', missing: [{ name: 'kafka', reason: '' }] })).toMatch(
    /KAFKA_BROKERS/,
  )
  expect(remedy({ reason: 'waits for x', missing: [{ name: 'x', reason: '' }] })).toMatch(/ingest-hub\.log/)
})

test('the remedy for several dependencies names each of them once', () => {
  const missing = ['sink a', 'sink b', 'kafka'].map((name) => ({ name, reason: '' }))
  const sentence = remedy({ missing })!
  expect(sentence.match(/SEARCH_URL/g)).toHaveLength(1)
  expect(sentence).toContain('KAFKA_BROKERS')
})
