/** Creates the topics of a table and registers their contracts. */
export * from './apply.ts'
export * from './register.ts'
