export * from './dead-rate.ts'
export * from './flow.ts'
export * from './outcome.ts'
export * from './source.ts'
