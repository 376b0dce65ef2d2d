import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Batcher, MAX_BATCH_ROWS, MAX_WAITING_ROWS } from './batcher.ts'

/** A model that doubles the one feature of a row. It runs one batch at a time, which takes `ms`. */
function doubling(ms = 0) {
  const batches: number[] = []
  let last: Promise<unknown> = Promise.resolve()
  const run = (rows: Float32Array): Promise<Float32Array> => {
    batches.push(rows.length)
    const done = last.then(() => sleep(ms)).then(() => rows.map((value) => value * 2))
    last = done
    return done
  }
  return { batches, run }
}
const bounds = { width: 1, gatherMs: 0, waitMs: 1000 }

test('requests of a turn are one batch, and each gets its own predictions', async () => {
  const { batches, run } = doubling()
  const batcher = new Batcher({ ...bounds, run })
  const answers = await Promise.all([1, 2, 3].map((value) => batcher.predict(Float32Array.of(value, -value))))
  expect(answers.map((one) => [...one])).toEqual([
    [2, -2],
    [4, -4],
    [6, -6],
  ])
  expect(batches).toEqual([6])
})

test('rows wait for others no longer than they may, and a full batch does not wait', async () => {
  const { batches, run } = doubling()
  const batcher = new Batcher({ ...bounds, gatherMs: 50, run })
  const early = batcher.predict(Float32Array.of(1))
  await sleep(10)
  await Promise.all([early, batcher.predict(Float32Array.of(2))])
  expect(batches).toEqual([2])
  const began = performance.now()
  await batcher.predict(new Float32Array(MAX_BATCH_ROWS))
  expect(performance.now() - began).toBeLessThan(40)
})

test('rows that arrive while a batch runs are the next one', async () => {
  const { batches, run } = doubling(20)
  const batcher = new Batcher({ ...bounds, run })
  const first = batcher.predict(Float32Array.of(1))
  await sleep(5)
  const others = Array.from({ length: 10 }, async (_, i) => {
    await sleep(i / 2)
    return batcher.predict(Float32Array.of(i))
  })
  await Promise.all([first, ...others])
  expect(batches).toEqual([1, 10])
})

test('a request with many rows lets others pass, and gets its predictions in order', async () => {
  const { run } = doubling(5)
  const batcher = new Batcher({ ...bounds, run })
  const order: string[] = []
  const large = batcher.predict(Float32Array.from({ length: MAX_BATCH_ROWS * 5 + 7 }, (_, i) => i))
  const small = batcher.predict(Float32Array.of(3))
  await Promise.all([large.then(() => order.push('large')), small.then(() => order.push('small'))])
  expect(order).toEqual(['small', 'large'])
  expect((await large).every((value, i) => value === i * 2)).toBe(true)
})

test('a prediction that is not a number fails its request only', async () => {
  const batcher = new Batcher({ ...bounds, run: async (rows) => rows.map((value) => Math.sqrt(value)) })
  const answers = await Promise.allSettled([
    batcher.predict(Float32Array.of(4)),
    batcher.predict(Float32Array.of(4, -1)),
  ])
  expect(answers).toMatchObject([
    { value: Float32Array.of(2) },
    { reason: { code: 'not-finite', message: 'The model predicts NaN for row 2.' } },
  ])
})

test('a run that fails fails its requests, and the next ones are run', async () => {
  let fails = true
  const batcher = new Batcher({
    ...bounds,
    run: async (rows) => {
      if (fails) throw new Error('broken')
      return rows
    },
  })
  const large = new Float32Array(MAX_BATCH_ROWS * 3)
  await expect(Promise.all([batcher.predict(large), batcher.predict(Float32Array.of(1))])).rejects.toThrow(
    'broken',
  )
  fails = false
  await batcher.idle()
  expect(await batcher.predict(Float32Array.of(5))).toEqual(Float32Array.of(5))
})

test('rows are refused if too many wait, or if they waited too long', async () => {
  const { run } = doubling(50)
  const batcher = new Batcher({ ...bounds, waitMs: 30, run })
  const first = batcher.predict(Float32Array.of(1))
  await sleep(10)
  const waiting = batcher.predict(new Float32Array(10))
  const tooMany = batcher.predict(new Float32Array(MAX_WAITING_ROWS))
  await expect(tooMany).rejects.toMatchObject({
    code: 'overloaded',
    message: '10 rows wait for the model already.',
  })
  await expect(waiting).rejects.toMatchObject({
    code: 'overloaded',
    message: 'The rows waited longer than 30 ms.',
  })
  expect(await first).toEqual(Float32Array.of(2))
  await batcher.idle()
})
