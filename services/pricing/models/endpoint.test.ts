import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { contract, WIDTH } from '../testing/models.ts'
import { Endpoint, type Serving } from './endpoint.ts'
import { ModelFault } from './faults.ts'
import type { Runner } from './model.ts'

/** A model that predicts one value for every row. */
const always = (value: number, ms = 0): Runner => ({
  async run(rows) {
    await sleep(ms)
    return new Float32Array(rows.length / WIDTH).fill(value)
  },
})
const failing: Runner = {
  run: () => Promise.reject(new ModelFault('failed', 'It failed.')),
}
const row = new Float32Array(WIDTH)
const serving = (
  variants: Readonly<Record<string, readonly [model: Runner, weight: number]>>,
  shadows: Readonly<Record<string, Runner>> = {},
): Serving => ({
  contract,
  limitMs: 1000,
  gatherMs: 0,
  variants: Object.entries(variants).map(([name, [model, weight]]) => ({
    name,
    version: name,
    model,
    weight,
  })),
  shadows: Object.entries(shadows).map(([name, model]) => ({ name, version: name, model })),
})

test('without a variant there is no prediction, and a retry can help', async () => {
  const endpoint = new Endpoint('nothing')
  await expect(endpoint.predict(row)).rejects.toMatchObject({ code: 'not-ready' })
  await endpoint.replace(serving({}))
  await expect(endpoint.predict(row)).rejects.toMatchObject({ code: 'not-ready' })
})

test('variants share the requests by weight, evenly in time; a target overrides that', async () => {
  const endpoint = new Endpoint('shared')
  await endpoint.replace(serving({ a: [always(1), 3], b: [always(2), 1], c: [always(3), 0] }))
  const answered: string[] = []
  for (let i = 0; i < 8; i++) answered.push((await endpoint.predict(row)).variant)
  expect(answered.join('')).toBe('aabaaaba')
  expect(await endpoint.predict(row, 'c')).toEqual({ variant: 'c', predictions: Float32Array.of(3) })
  expect(() => endpoint.expectVariant('d')).toThrow('Variant d not found for endpoint shared.')
})

test('a shadow that differs, or fails, changes no answer', async () => {
  const endpoint = new Endpoint('shadowed')
  await endpoint.replace(serving({ a: [always(1), 1] }, { far: always(4), broken: failing }))
  for (let i = 0; i < 3; i++)
    expect(await endpoint.predict(row)).toEqual({ variant: 'a', predictions: Float32Array.of(1) })
  await sleep(20)
  expect(endpoint.differences).toEqual([
    { variant: 'far', rows: 3, mean: 3, meanAbsolute: 3, maxAbsolute: 3 },
    { variant: 'broken', rows: 0, mean: null, meanAbsolute: null, maxAbsolute: null },
  ])
})

test('a swap waits for the requests in flight, which end on their variant', async () => {
  const endpoint = new Endpoint('swapped')
  await endpoint.replace(serving({ a: [always(1, 30), 1] }))
  const before = endpoint.predict(row)
  let isSwapped = false
  const swapped = endpoint.replace(serving({ b: [always(2), 1] })).then(() => {
    isSwapped = true
  })
  expect(await endpoint.predict(row)).toMatchObject({ variant: 'b' })
  expect(isSwapped).toBe(false)
  expect(await before).toMatchObject({ variant: 'a' })
  await swapped
})
