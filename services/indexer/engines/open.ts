import type { Resource } from '@weir/service'
import { openElasticsearch } from './elasticsearch.ts'
import type { EngineOptions, SearchEngine } from './engine.ts'
import { openOpenSearch } from './opensearch.ts'

/**
 * All drivers. A new one is added here: SEARCH_ENGINE can then name it, and the conformance suite runs it.
 */
export const drivers: Readonly<Record<SearchEngine['name'], (options: EngineOptions) => SearchEngine>> = {
  opensearch: openOpenSearch,
  elasticsearch: openElasticsearch,
}

export const ENGINES = Object.keys(drivers) as SearchEngine['name'][]

/** Opens no connection yet: users of an engine that is down wait for it themselves. */
export function openEngine({
  engine,
  ...options
}: EngineOptions & { readonly engine: SearchEngine['name'] }): Resource<SearchEngine> {
  const value = drivers[engine](options)
  return { value, stop: () => value.close() }
}
