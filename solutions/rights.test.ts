import { may } from '@weir/contracts/rights.ts'
import { expect, test } from 'vitest'
import { solutions } from './index.ts'

test('what the solutions run fits the rights: their flows, sinks and mappings', () => {
  for (const { flows, indices, mappings = [], streams = [] } of solutions) {
    for (const { name, source, deadLetter } of flows) {
      expect(
        may('enricher', 'Read', 'topic', source) && may('enricher', 'Write', 'topic', deadLetter),
        name,
      ).toBe(true)
      expect(
        may('enricher', 'Write', 'transactional-id', `enricher.${name}/${source}/0`) &&
          may('indexer', 'Describe', 'group', `enricher.${name}`),
      ).toBe(true)
    }
    for (const { name, source, deadLetter } of indices) {
      expect(
        may('indexer', 'Read', 'topic', source) &&
          may('indexer', 'Write', 'topic', deadLetter) &&
          may('indexer', 'Read', 'group', `indexer.${name}`),
        name,
      ).toBe(true)
    }
    for (const { name, output } of mappings) {
      expect(
        may('enricher', 'Read', 'group', `weir.mapping.${name}`) &&
          (output === undefined || may('enricher', 'Write', 'topic', output)),
        name,
      ).toBe(true)
    }
    for (const { name } of streams)
      for (const service of ['ingest-hub', 'enricher'] as const)
        expect(may(service, 'Create', 'topic', `stream.${name}`)).toBe(true)
  }
})
