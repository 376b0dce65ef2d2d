/** The services and the data that they exchange: topics, the types of their values, schemas and samples. */

export type * from './generated/types.ts'
export * from './headers.ts'
export { sampleOf, schemaOf } from './load.ts'
export * from './platform-topics.ts'
export * from './services.ts'
export * from './topics.ts'
