import { expect, test } from 'vitest'
import { persist } from './persist.ts'

test('a failure is logged once, and work is tried again until it succeeds or the signal comes', async () => {
  const said: string[] = []
  const stop = new AbortController()
  const run = (work: () => Promise<void>) =>
    persist(work, { signal: stop.signal, log: (sentence) => said.push(sentence) })
  let attempts = 0
  await run(async () => {
    if (++attempts === 1) throw new Error('The alerter does not answer.')
  })
  expect([attempts, said]).toEqual([2, ['The alerter does not answer. Trying again.']])
  await run(async () => {
    stop.abort()
    throw new Error('It was stopped.')
  })
  expect(said).toHaveLength(1)
})
