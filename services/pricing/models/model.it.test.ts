/** A model's process: what ends it, and what comes after. */
import { afterEach, expect, test } from 'vitest'
import { cardOf, contract, WIDTH } from '../testing/models.ts'
import { meanModel, slowModel } from '../testing/onnx.ts'
import { Model } from './model.ts'

let model: Model | undefined
afterEach(() => model?.stop())

const LIMIT_MS = 10_000
const rowsOf = (...means: number[]): Float32Array =>
  Float32Array.from(means.flatMap((mean) => Array(WIDTH).fill(mean)))

async function opened(file: Buffer, read = async () => file) {
  const warnings: object[] = []
  model = await Model.open({
    name: 'test',
    file: cardOf(file).model,
    features: contract.features,
    read,
    log: { warn: (fields) => warnings.push(fields) },
  })
  return { model, warnings }
}

test('runs that overlap are answered in their order, and a large batch is one answer', async () => {
  const { model } = await opened(meanModel(WIDTH, 1))
  const answers = await Promise.all([1, 2, 3].map((mean) => model.run(rowsOf(mean, -mean), LIMIT_MS)))
  expect(answers.map((one) => [...one])).toEqual([
    [2, 0],
    [3, -1],
    [4, -2],
  ])
  const many = Array.from({ length: 20_000 }, (_, i) => i % 900)
  const predictions = await model.run(rowsOf(...many), LIMIT_MS)
  expect(predictions.every((value, i) => value === many[i] + 1)).toBe(true)
})

test('a slow run ends the process, the runs behind it may be sent again, and the model is started again', async () => {
  const { model, warnings } = await opened(slowModel(WIDTH))
  const runs = await Promise.allSettled([model.run(rowsOf(1000), 300), model.run(rowsOf(0), 300)])
  expect(runs).toMatchObject([
    { reason: { code: 'slow', message: 'The model took longer than its limit of 300 ms.' } },
    { reason: { code: 'overloaded' } },
  ])
  await expect(model.run(rowsOf(0), LIMIT_MS)).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringContaining('The model is being started again.'),
  })
  await expect.poll(() => model.run(rowsOf(0), LIMIT_MS).catch(() => undefined)).toEqual(Float32Array.of(0))
  expect(warnings).toHaveLength(1)
})

test('a file that cannot be read when the process has ended is read again later', async () => {
  const file = slowModel(WIDTH)
  let reads = 0
  const { model } = await opened(file, async () => {
    if (++reads === 2) throw new Error('There is no file.')
    return file
  })
  await expect(model.run(rowsOf(1000), 100)).rejects.toMatchObject({ code: 'slow' })
  await expect.poll(() => model.run(rowsOf(0), LIMIT_MS).catch(() => undefined)).toEqual(Float32Array.of(0))
  expect(reads).toBe(3)
})
