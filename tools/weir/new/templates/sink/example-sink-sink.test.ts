import { sampleOf } from '@weir/contracts'
import { expect, test } from 'vitest'
import { topics } from '../index.ts'
import { exampleSinkSink } from './example-sink-sink.ts'

test('the document has the fields that the index knows', () => {
  const { eventTime, properties, document } = exampleSinkSink.to.index
  const value = sampleOf(topics, 'example-thing.checked')
  const made = document(value, { id: 'id-1', source: 'test' })
  expect(Object.keys(made)).toEqual(expect.arrayContaining(Object.keys(properties)))
  expect(made).toMatchObject({ source: 'test', [eventTime]: expect.any(Number) })
})
