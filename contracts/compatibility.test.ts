import { describe, expect, test } from 'vitest'
import { breaks, incompatibilities } from './compatibility.ts'
import { contracts, publishedVersions } from './load.ts'
import { breakingChanges, lawfulChanges } from './testing/changes.ts'

describe('every contract is compatible with every version ever published', () => {
  test.each(contracts())('%s', (contract) => {
    expect(
      publishedVersions(contract).length,
      `publish the first version of ${contract} with \`npm run generate -- --publish\``,
    ).toBeGreaterThan(0)
    expect(incompatibilities(contract)).toEqual([])
  })
})

test.each(breakingChanges)('refused with the field and what to do: $name', ({ old, current, sentences }) => {
  expect(breaks(old, current, 'version 1')).toEqual(sentences)
})

test.each(lawfulChanges)('allowed: $name', ({ old, current }) => {
  expect(breaks(old, current, 'version 1')).toEqual([])
})
