/** Settings from the environment, and keeping secrets out of what is shown. */
export * from './config.ts'
export * from './secrets.ts'
