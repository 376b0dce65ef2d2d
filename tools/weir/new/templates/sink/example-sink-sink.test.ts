import { sampleOf } from '@weir/contracts'
import { expect, test } from 'vitest'
import { topics } from '../index.ts'
import { exampleSinkSink } from './example-sink-sink.ts'

test('the document has the fields of the record, and an event time for the rotation of indices', () => {
  const { eventTime, properties, document } = exampleSinkSink.to.index
  const value = sampleOf(topics, 'example-thing.checked')
  const made = document(value, { id: 'id-1', source: 'test' })
  expect(made).toEqual({ ...value, source: 'test' })
  expect(made).toHaveProperty(eventTime, expect.any(Number))
  expect(properties).toHaveProperty(eventTime)
})
