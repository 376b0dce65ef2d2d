import { expect, test } from 'vitest'
import { eachOf, Polled } from './polled.ts'

const options = { everyMs: 20, patienceMs: 50, sentence: ({ message }: Error) => `It says: ${message}.` }

test('a value is read in the background, one reading at a time, at most as often as configured', async () => {
  let readings = 0
  let active = 0
  const polled = new Polled(options, async () => {
    expect(++active).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 10))
    active--
    return ++readings
  })
  expect(polled.current()).toEqual({ value: null, at: null, trouble: null })
  for (let i = 0; i < 10; i++) polled.current()
  await expect.poll(() => polled.current().value).toBe(1)
  expect(readings).toBe(1)
  await expect.poll(() => polled.current().value).toBe(2)
})

test('after a failure the last value remains with the reason, until a reading succeeds', async () => {
  let fails = false
  const polled = new Polled(options, async () => {
    if (fails) throw new Error('no')
    return 'value'
  })
  polled.current()
  await expect.poll(() => polled.current().value).toBe('value')
  fails = true
  await expect.poll(() => polled.current()).toMatchObject({ value: 'value', trouble: 'It says: no.' })
  fails = false
  await expect.poll(() => polled.current().trouble).toBeNull()
})

test('a reading that does not end counts as failed, and the next one begins', async () => {
  let readings = 0
  const polled = new Polled(options, () =>
    readings++ === 0 ? new Promise<string>(() => {}) : Promise.resolve('late'),
  )
  polled.current()
  await expect.poll(() => polled.current().trouble).toBe('It says: no answer within 0.05 s.')
  await expect.poll(() => polled.current()).toMatchObject({ value: 'late', trouble: null })
})

test('results for many items keep their order, and the work its bound', async () => {
  let active = 0
  let most = 0
  const results = await eachOf([30, 10, 20, 1], 2, async (ms) => {
    most = Math.max(most, ++active)
    await new Promise((resolve) => setTimeout(resolve, ms))
    active--
    return ms
  })
  expect(results).toEqual([30, 10, 20, 1])
  expect(most).toBe(2)
})
