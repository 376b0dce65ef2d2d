import { expect, test } from 'vitest'
import { breaks } from './compatibility.ts'
import { breakingChanges, lawfulChanges } from './testing/changes.ts'

test.each(breakingChanges)('refused with the field and what to do: $name', ({ old, current, sentences }) => {
  expect(breaks(old, current, 'version 1')).toEqual(sentences)
})

test.each(lawfulChanges)('allowed: $name', ({ old, current }) => {
  expect(breaks(old, current, 'version 1')).toEqual([])
})
