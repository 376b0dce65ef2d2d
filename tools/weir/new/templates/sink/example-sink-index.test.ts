import { sampleOf } from '@weir/contracts'
import { expect, test } from 'vitest'
import { topics } from '../index.ts'
import { exampleSinkIndex } from './example-sink-index.ts'

test('the document has the fields that the index knows', () => {
  const value = sampleOf(topics, 'example-thing.checked')
  const document = exampleSinkIndex.document(value, { id: 'id-1', source: 'test' })
  expect(Object.keys(document)).toEqual(expect.arrayContaining(Object.keys(exampleSinkIndex.properties)))
  expect(document).toMatchObject({ source: 'test', [exampleSinkIndex.eventTime]: expect.any(Number) })
})
