import type { IndexDefinition } from '@weir/solutions/solution.ts'
import type { IndexTemplate } from '../engines/engine.ts'

/** The pattern of all indices of the definition. */
export const indexPattern = ({ prefix }: Pick<IndexDefinition, 'prefix'>): string => `${prefix}-*`

/**
 * The template for every index of the definition, whichever hour, day, week or month it is for. `dynamic` is
 * false: a field that the definition does not name is kept but not indexed. In a rolling upgrade, new
 * documents meet an index with the old template: `strict` would refuse them all until the next rotation, and
 * `true` would let documents determine the mapping.
 */
export const indexTemplate = (definition: IndexDefinition, replicas: number): IndexTemplate => ({
  name: `weir-${definition.prefix}`,
  pattern: indexPattern(definition),
  settings: { number_of_shards: 1, number_of_replicas: replicas, refresh_interval: '1s' },
  mappings: { dynamic: false, properties: definition.properties },
})
