import type { IndexDestination } from '@weir/solutions/solution.ts'
import type { IndexTemplate } from '../engines/engine.ts'

/** The pattern of all indices of the destination. */
export const indexPattern = ({ prefix }: Pick<IndexDestination, 'prefix'>): string => `${prefix}-*`

/**
 * The template for every index of the destination, whichever hour, day, week or month it is for. `dynamic` is
 * false: a field that the destination does not name is kept but not indexed. In a rolling upgrade, new
 * documents meet an index with the old template: `strict` would refuse them all until the next rotation, and
 * `true` would let documents determine the mapping.
 */
export const indexTemplate = (destination: IndexDestination, replicas: number): IndexTemplate => ({
  name: `weir-${destination.prefix}`,
  pattern: indexPattern(destination),
  settings: { number_of_shards: 1, number_of_replicas: replicas, refresh_interval: '1s' },
  mappings: { dynamic: false, properties: destination.properties },
})
