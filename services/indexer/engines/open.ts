import type { Resource } from '@weir/service'
import { openElasticsearch } from './elasticsearch.ts'
import type { EngineOptions, SearchEngine } from './engine.ts'
import { openOpenSearch } from './opensearch.ts'

/**
 * The drivers there are. A new one is added here; SEARCH_ENGINE can name it, and the conformance suite runs
 * it.
 */
export const drivers: Readonly<Record<SearchEngine['name'], (options: EngineOptions) => SearchEngine>> = {
  opensearch: openOpenSearch,
  elasticsearch: openElasticsearch,
}

export const ENGINES = Object.keys(drivers) as SearchEngine['name'][]

/** Opens no connection yet: an engine that is down is for its users to wait for. */
export function openEngine({
  engine,
  ...options
}: EngineOptions & { readonly engine: SearchEngine['name'] }): Resource<SearchEngine> {
  const value = drivers[engine](options)
  return { value, stop: () => value.close() }
}
