import { describe, expect, test } from 'vitest'
import { batchStep, dead, drop, flow, route, step } from './index.ts'

const parse = step('parse', (text: string) =>
  /^-?\d+$/.test(text) ? Number(text) : dead('undecodable', `"${text}" is not a number`),
)
const positive = step('positive', (n: number) => (n > 0 ? n : drop('negative')))
const small = step('small', (n: number) => (n < 100 ? n : route('large')))

describe('a flow', () => {
  test('sends each record to exactly one place and keeps the order', async () => {
    const inputs = ['1', 'x', '-5', '7', '100', '3']
    const result = await flow<string>().step(parse).step(positive).step(small).run(inputs, null)
    expect(result.values).toEqual([1, 7, 3])
    expect(result.indices).toEqual([0, 3, 5])
    expect(result.dead).toEqual([
      { index: 1, step: 'parse', cause: dead('undecodable', '"x" is not a number') },
    ])
    expect(result.routed).toEqual([{ index: 4, step: 'small', topic: 'large' }])
    expect([...result.dropped]).toEqual([['positive/negative', 1]])
    expect(inputs, 'the input stays as it was').toEqual(['1', 'x', '-5', '7', '100', '3'])
  })

  test('looks up a whole batch at once', async () => {
    let roundTrips = 0
    const names = batchStep('names', async (ids: readonly number[]) => {
      roundTrips++
      return ids.map((id) => (id === 2 ? dead('unknown', 'no 2') : `name-${id}`))
    })
    const result = await flow<number>().batch(names).run([1, 2, 3], null)
    expect(result.values).toEqual(['name-1', 'name-3'])
    expect(result.dead.map((letter) => letter.index)).toEqual([1])
    expect(roundTrips).toBe(1)
  })

  test('makes a dead letter of a record whose step throws, and continues with its neighbours', async () => {
    const fails = step('divide', (n: number) => {
      if (n === 0) throw new RangeError('division by zero')
      return 1 / n
    })
    const result = await flow<number>().step(fails).run([1, 0, 2], null)
    expect(result.values).toEqual([1, 0.5])
    expect(result.dead).toEqual([{ index: 1, step: 'divide', cause: dead('failed', 'division by zero') }])
  })

  test('fails as a whole when a lookup fails, so that the batch is redelivered', async () => {
    const lookup = batchStep('lookup', async (): Promise<number[]> => Promise.reject(new Error('timed out')))
    await expect(flow<number>().batch(lookup).run([1], null)).rejects.toThrow('timed out')
  })

  test('refuses the result of a batch step that leaves out a record', async () => {
    const forgetful = batchStep('forgetful', async (values: readonly number[]) => values.slice(1))
    await expect(flow<number>().batch(forgetful).run([1, 2], null)).rejects.toThrow(
      'Step forgetful returned 1 outcomes for 2 values.',
    )
  })

  test('passes the record’s place and its source to every step', async () => {
    const withTime = step(
      'with-time',
      (value: string, index: number, source: { times: number[] }) => `${value}@${source.times[index]}`,
    )
    const result = await flow<string, { times: number[] }>()
      .step(withTime)
      .run(['a', 'b'], { times: [10, 20] })
    expect(result.values).toEqual(['a@10', 'b@20'])
  })

  test('names its steps and its output', () => {
    expect(flow<string>().step(parse).step(positive).publish('numbers')).toMatchObject({
      output: 'numbers',
      steps: ['parse', 'positive'],
    })
  })
})
