import { expect, test } from 'vitest'
import { breaks } from './compatibility.ts'
import { breakingChanges, lawfulChanges } from './testing/changes.ts'

test.each(breakingChanges)(
  'a breaking change is refused with the field and the remedy: $name',
  ({ old, current, sentences }) => {
    expect(breaks(old, current, 'version 1')).toEqual(sentences)
  },
)

test.each(lawfulChanges)('a compatible change is allowed: $name', ({ old, current }) => {
  expect(breaks(old, current, 'version 1')).toEqual([])
})
