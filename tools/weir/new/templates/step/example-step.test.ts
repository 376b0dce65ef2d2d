import { sampleOf } from '@weir/contracts'
import { flow } from '@weir/flow'
import { expect, test } from 'vitest'
import { topics } from '../index.ts'
import { exampleStep } from './example-step.ts'

test('a good record passes the step', async () => {
  const value = sampleOf(topics, 'example-thing.received')
  const result = await flow<typeof value>().step(exampleStep).run([value], null)
  expect(result.values).toEqual([value])
  expect(result.dropped.size).toBe(0)
})
