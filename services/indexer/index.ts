/** The public part of the indexer: the engines, for tests and tools that look into them. */
export type { EngineOptions, SearchEngine, SearchReply } from './engines/engine.ts'
export { openEngine } from './engines/open.ts'
