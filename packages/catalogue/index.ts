/** Creates the topics and registers the contracts that `@weir/contracts` describes. */
export * from './apply.ts'
export * from './register.ts'
